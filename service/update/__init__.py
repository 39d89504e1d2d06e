"""Updating a model safely: is a new version better or broken?

statistics.py  bounds and evidence that stay valid however often they are looked at
counts.py      what a version has answered, as its metrics count it
sources.py     where counts come from: replicas' own metrics, or a Prometheus
evidence.py    what both versions have answered since the canary began, kept in a file
judge.py       promote, roll back or wait, with reasons

It knows neither flask nor gunicorn, and imports nothing of the service's own.
"""
