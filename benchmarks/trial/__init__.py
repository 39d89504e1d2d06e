"""Puts our gunicorn worker on trial beside gunicorn's own: `make trial`.

proxy.py       an nginx that does for a stock worker what a proxy can do
contenders.py  the same application under each worker, alone and behind nginx
table.py       the table of docs/worker.md, and the verdict

The figures are those of `make bench` and the phases those of `make soak`. A stock
worker would replace ours if, behind nginx, it kept all bounds and served at least 85 %
of the requests a second.
"""
