"""The routes: what each answers. Each is a blueprint, and says who may call it.

predict.py       POST /v1/predict, and GET /v1/model
health.py        live, and ready
drift.py         GET /v1/drift, and the same as gauges
metrics.py       GET /metrics
openapi/         the contract, published, and the page that shows it
capabilities.py  OPTIONS *
"""
