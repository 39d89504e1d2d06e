"""The commands of python -m service.

compare.py  what two versions answer to a file
drift.py  how far a file lies from the training table
judge.py  promote a canary, roll it back, or wait
image.py  the image of one version of one model
main.py   these, and those on artefacts and keys
"""
