"""The commands of python -m service.

artefact.py check an artefact, or print its card
compare.py  what two versions answer to a file
pairs.py    what two versions answered to the same requests
drift.py    how far a file lies from the training table
score.py    files of any size, answered offline
judge.py    promote a canary, roll it back, or wait
doctor.py   why a server or an artefact is slow, unready or refusing
image.py    the image of one version of one model
keys.py     API keys made, listed and revoked
main.py     all of these: a new one goes into its table
"""
