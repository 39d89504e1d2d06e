"""Trees, of one or of thousands, by treelite or by the model itself.

interpreter.py         treelite's interpreter, which adds up as scikit-learn does
bitvectors.py          a single row through small trees, as bits (QuickScorer)
probing_rows.py        rows that put trees to the proof, at their thresholds
tree_step.py           which of these answers, by the number of rows
histogram_boosting.py  HistGradientBoosting
forests.py             trees, forests and gradient boosting
"""
