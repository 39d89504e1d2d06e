"""Steps that predict, but for trees.

linear.py       one matrix product, then scikit-learn's own link
bayes.py        naive Bayes
densities.py    quadratic discriminants, Gaussian mixtures, elliptic envelopes
clusters.py     the nearest centre
boosters.py     LightGBM and XGBoost, which need not be installed
parts.py        how a wrapper asks the estimators it is made of
dummies.py      the same answer to all
calibration.py  calibrated classifiers
ensembles.py    votes, stacks, bags and transformed targets
multiclass.py   a classifier for each class, or pair of classes
multioutput.py  a predictor for each target
thresholds.py   thresholds of two classes
adaboost.py     votes and medians of weighted parts
"""
