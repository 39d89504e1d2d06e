"""Updating a model safely: is a new version better or broken?

changes.py     what a new version changes for its callers
answers.py     what a version answers to a file, in a process of its own
differences.py how answers differ, gathered in bounded memory
shadow.py      a second version, compared with what was answered
scores.py      how well a version answers rows whose truth is known
compare.py     two versions on the same rows
counts.py      what a version has answered, as its metrics count it
logged.py      what a version answered, by its prediction logs
pairs.py       what two versions answered to the same requests
report.py      a comparison as text and as JSON
page.py        a comparison as a page of HTML
statistics.py  bounds and evidence that stay valid however often they are looked at
addresses.py   what an address of HTTP answers to whoever has a key
sources.py     what a version counts, read from the metrics of its replicas
prometheus.py  what a version counts, read from a Prometheus that scrapes them
evidence.py    what both versions have answered since the canary began, kept in a file
scales.py      what each figure says of a canary
judge.py       promote, roll back or wait, with reasons
watch.py       looking at both versions, again and again
verdicts.py    verdicts over HTTP, for what asks a URL

It knows neither flask nor gunicorn. It may import model/.
"""
