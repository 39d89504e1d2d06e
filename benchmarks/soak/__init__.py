"""Measures the service under faults, slow callers and too much work: `make soak`.

service.py    the service, started
samples.py    requests, and the answers that are right
caller.py     a caller over one connection, and what became of its requests
findings.py   what was measured, its figure and its bound
loops.py      load, as a closed loop and as an open one
health.py     health, asked for meanwhile
slow.py       callers that send a byte a second
floods.py     what no good caller does: flooding.py does it in a process of its own, to
              the target of flood.py; turns.py lets a good caller take turns with it
hung.py       a model that hangs
deadline.py   a model that computes past the deadline
overload.py   more than can be served
storage.py    a Redis that goes and comes back
killed.py     workers killed at random
drain.py      a server stopped under load
rolling.py    one of two servers stopped and started behind nginx
phases.py     all of them, by name
report.py     the section of benchmarks/README.md

Servers and load share the machine, so a figure is a ratio within one run wherever it
is not a count. Redis, nginx and the model that hangs are those of the tests.
"""
