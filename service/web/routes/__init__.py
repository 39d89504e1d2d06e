"""The routes, each a blueprint that says who may call it.

root.py          GET /, for whoever asks: a probe or a person
predict.py       POST /v1/predict, and GET /v1/model
health.py        live, and ready
drift.py         GET /v1/drift, and the same figures as gauges
metrics.py       GET /metrics
openapi/         GET /openapi.json, and /docs, the page that shows it
page/            the model as a page, which browsers get at GET /
shadow.py        GET /v1/shadow
capabilities.py  OPTIONS *
"""
