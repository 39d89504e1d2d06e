"""The exact compiled form of a fitted scikit-learn pipeline: steps over plain arrays.

sparse.py          rows of which the zeros are left out, as texts make them
steps.py           a step, with a path for a batch and one for a single row
checks.py          what scikit-learn refuses before a step, refused here as well
pairwise.py        distances and kernels between rows and kept ones
scores.py          what predictors share: scores, and predictions made of them
timing.py          how long a step takes, to choose between two paths
tables.py          how a request's columns become numbers, categories as codes
blocks.py          what flows between steps, and how some of its columns are taken
conversions.py     how one form of block becomes another
estimator_types.py which type an estimator is planned as
inputs.py          what a part of the pipeline is given; branches laid side by side
transformers/      steps from numbers or categories to numbers
trees/             trees, forests and boosting, read by treelite
predictors/        linear models, naive Bayes, densities, clusters, boosters, wrappers
registry.py        which type has which compiled form, and how to add one
lookup.py          the compiled form of one estimator, looked up there
uncompiled.py      steps that have none, and run as scikit-learn itself
wrappers.py        predictors that ask other predictors
composition.py     pipelines, column transformers and unions
plan.py            the whole
costs.py           what each step of it costs

It may import contract/, and what is flat in model/. For the next planner, read
the registry and any planner: transformers/scalers.py is the plainest.
"""
