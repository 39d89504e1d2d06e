"""The exact compiled form of a fitted scikit-learn pipeline: steps over plain arrays.

steps.py         what a step takes and returns: for a batch, and for a single row
checks.py        what scikit-learn refuses before a step, refused here as well
scores.py        what predictors share: scores, and probabilities made of them
links.py         scores of trees to predictions
timing.py        how long a step takes, where there are two ways
blocks.py        what flows between steps, and how one form becomes another
transformers/    steps from numbers or categories to numbers
trees/           trees, forests and histogram boosting, read by treelite
predictors/      linear models, naive Bayes, boosters, ensembles of others
registry.py      which type has which compiled form: exact types only
chains.py        steps one after another, or side by side
composition.py   pipelines, column transformers and unions
plan.py          the whole

It may import contract/, and what is flat in model/. A new planner is a function in one
of the three folders, and a line in registry.py.
"""
