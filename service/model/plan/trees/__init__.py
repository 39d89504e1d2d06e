"""Trees, of one or of thousands, by treelite or by the model itself.

interpreter.py    treelite's interpreter, which adds up as scikit-learn does
numbered_trees.py small trees as the splits of their features (QuickScorer)
bitvectors.py     a single row through such trees, as the bits of one integer
cuts.py           the places of many numbers among thresholds
leaf_tables.py    by these places, the leaves that a feature leaves
bit_tables.py     many rows through such trees, by tables of bits
edge_rows.py      rows at the thresholds of trees, to compare answers on
limits.py         up to how many rows each of these is the fastest
tree_step.py      which of these answers, by the number of rows
forests.py        trees and forests
boosting.py       gradient boosting and histogram gradient boosting
embedding.py      the leaf of each tree, one-hot
isolation.py      how early trees isolate a row
"""
