"""Steps from numbers, categories or texts to numbers.

imputers.py              nulls filled in, or marked
model_imputers.py        nulls filled in by neighbours, or by models
scalers.py               numbers scaled
encoders.py              categories to numbers
frame_encoders.py        those of category_encoders, which take a whole frame
expansions.py            one number to several: bins, powers, splines
distributions.py         columns bent towards a normal or uniform distribution
inverse_transforms.py    transformed targets restored
selectors.py             columns chosen, or given to a function
projections.py           numbers projected on axes
distances.py             the distance to each centre
kernel_approximations.py the features of a kernel, approximated
sparse_rows.py           sparse rows weighed, scaled or chosen
texts.py                 texts to sparse rows
mappings.py              mappings of names to values, to sparse rows
"""
