"""Steps that predict, but for trees.

linear.py       one matrix product, then scikit-learn's own link
bayes.py        naive Bayes
clusters.py     k-means
boosters.py     LightGBM and XGBoost, which need not be installed
parts.py        how a wrapper asks the estimators it is made of
calibration.py  calibrated classifiers
ensembles.py    votes, stacks, bags, several targets and transformed ones
adaboost.py     votes and medians of weighted parts
"""
