"""What each feature contributed to a prediction, where that is exact.

additivity.py  which pipelines are sums over their features, and why others are not
explainer.py   the contributions to a score, from the differences that a feature makes
"""
