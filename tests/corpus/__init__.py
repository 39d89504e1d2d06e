"""The corpus: pipelines in the forms that people use, each served and compared.

tables.py       the data: real sets that scikit-learn ships, and the credit data
case.py         a pipeline, not yet fitted, and what it is fitted on
parameters.py   what an estimator is made with where its defaults do not do
estimators.py   each estimator of scikit-learn, alone and behind its preparation
frames.py       pipelines of numbers, as people write them
columns.py      pipelines of mixed columns
texts.py        pipelines of texts and of dicts
wrappers.py     estimators of estimators
libraries.py    LightGBM, XGBoost, imbalanced-learn and category_encoders
notebook.py     what a notebook answers
serving.py      what the service answers
trial.py        the two compared, and timed
verdict.py      what came of a case
table.py        the verdicts as tables, for the terminal and for docs/plan.md
cases.py        all of them

`make corpus` tries all, prints the table and writes its summary into docs/plan.md;
`test_corpus.py` tries some in each run.
"""
