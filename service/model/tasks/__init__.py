"""What kinds of model are served: which pipelines, how asked, and what is answered.

naming.py         what answers are called, as their owner says it
methods.py        how the methods of a pipeline are called, each step but once
task.py           the interface of a task
classification.py a label, with probabilities or decision scores
multioutput.py    a label for each output, with its probabilities
regression.py     a value or several, or a value with its standard deviation
ranking.py        a score to order by
outliers.py       an outlier or an inlier, with its score
clustering.py     a cluster, with distances or probabilities
transformation.py named numbers, of a pipeline that ends with a transformer
registry.py       the tasks, and which of them a pipeline is

To add one: a class in a module of its own, its name in task.py, its place in the table
of registry.py, an example in tests/model/tasks/test_tasks.py and a line in
docs/packaging.md. Where a final step of it has a compiled form, that is a row of
plan/registry.py. It may import contract/, and what is flat in model/.
"""
