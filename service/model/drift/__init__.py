"""How far what comes in lies from training.

histograms.py  how features and scores were distributed in training
tally.py       instances counted by the bins of those
figures.py     the difference: PSI, and what it is judged by
windows.py     instances counted by the hour, in files that all workers share

It may import contract/, artefact/, and what is flat in model/.
"""
