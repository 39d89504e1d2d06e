"""Steps that predict, but for trees.

linear_regressors.py   one matrix product, then the link of scikit-learn
linear_classifiers.py  the same, and probabilities of it
bayes.py               naive Bayes
densities.py           quadratic discriminants, Gaussian mixtures, elliptic envelopes
clusters.py            the nearest centre
libsvm.py              libsvm's functions, with a fitted model bound to them
support_vectors.py     support vector machines
kernel_ridge.py        kernel ridge regression
gaussian_processes.py  Gaussian processes
neural_networks.py     multi-layer perceptrons
networks.py            networks of other frameworks, by their runtimes
cross_decomposition.py components of two tables
isotonic.py            a rising or falling curve
boosters.py            LightGBM and XGBoost, which need not be installed
sub_estimators.py      how a wrapper asks the estimators it is made of
neighbour_search.py    how scikit-learn searches a whole table for the nearest rows
neighbours.py          nearest neighbours
local_outliers.py      how sparse the neighbourhood of a row is
radius_neighbours.py   neighbours within a radius
centroids.py           the nearest centroid of a class
label_propagation.py   labels that spread from rows to those alike
dummies.py             the same answer to all
calibration.py         calibrated classifiers
ensembles.py           votes, stacks, bags and transformed targets
multiclass.py          a classifier for each class, or pair of classes
multioutput.py         a predictor for each target
thresholds.py          thresholds of two classes
adaboost.py            votes and medians of weighted parts
"""
