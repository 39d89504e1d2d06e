"""Measures the service under faults, slow callers and too much work: `make soak`.

findings.py   what was counted, its figure and its bound
caller.py     a caller over one connection, and what became of its requests
questions.py  what is asked, and the answers that are right
service.py    the service, started
slow.py       callers that drip
floods.py     what no good caller does: flooding.py does it, as orders.py says, and
              turns.py lets a good one take turns with it
hung.py       a model that hangs
overload.py   more than can be served; offering.py offers it
storage.py    a Redis that goes and comes back
killed.py     workers killed at random
rolling.py    one of two servers stopped and started behind nginx
report.py     the section of benchmarks/README.md

Servers and load share the machine, so a figure is a ratio within one run wherever it
is not a count. Redis, nginx and the model that hangs are those of the tests.
"""
