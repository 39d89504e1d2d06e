"""A version of a model on disk: a folder that is never changed once it is written.

placeholders.py  what stands for plotting libraries, which are left out
code.py          the owner's modules that travel in it
manifest.py      name, contract, libraries, digests
golden.py        instances with the predictions that training made, and their proof
folder.py        written whole or not at all, read once, verified byte by byte
card.py          the manifest for a person

It may import contract/, and what is flat in model/.
"""
