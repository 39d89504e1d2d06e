"""Steps that predict, but for trees.

linear.py       one matrix product, then scikit-learn's own link
bayes.py        naive Bayes
boosters.py     LightGBM and XGBoost, which need not be installed
calibration.py  calibrated classifiers
ensembles.py    estimators whose answer is made of the answers of others
"""
