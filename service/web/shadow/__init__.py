"""A second version beside the one that answers: what workers know of it.

handover.py    a request that was answered, and how it gets to the shadow's process
metrics.py     the metrics of the shadow
sender.py      a worker's end: hands over a share of the requests, and never waits
inbox.py       the shadow's end: what workers have handed over, one at a time
keeper.py      starts the shadow's process, and starts it again when it ends
shadowing.py   the parts above, as the settings want them
figures.py     how both versions compare, as GET /v1/shadow answers it

The process itself is service/shadow.py.
"""
