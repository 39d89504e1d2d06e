"""Trees, of one or of thousands, by treelite or by the model itself.

interpreter.py    treelite's interpreter, which adds up as scikit-learn does
bitvectors.py     a single row through small trees, as bits (QuickScorer)
edge_rows.py      rows at the thresholds of trees, to compare answers on
tree_step.py      which of these answers, by the number of rows
forests.py        trees and forests
boosting.py       gradient boosting and histogram gradient boosting
embedding.py      the leaf of each tree, one-hot
isolation.py      how early trees isolate a row
"""
