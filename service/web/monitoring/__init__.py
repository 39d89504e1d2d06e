"""What is written down and counted of each request, and of each worker.

json_lines.py     stdout: one line of JSON at a time
log_queue.py      what waits for the prediction log, bounded
rotated_file.py   files of whole lines that never grow past their bound
counts.py         counts in mapped files that outlive the process
metric_kinds.py   counters, gauges and histograms over them
worker_slots.py   the number under which a worker counts, and its successor
metrics.py        the metrics: a new one goes here
device_metrics.py those of the process with the device
prediction_log.py requests and answers in a file: off by default
scores.py         the numbers of a prediction that are watched
request_metrics.py what is counted of each request
request_log.py    a line for each request
worker_gauges.py  the gauges of a worker
"""
