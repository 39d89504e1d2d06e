"""Networks of other frameworks, run on arrays behind one interface.

network.py     the interface: what a network takes and gives, and how it is loaded

It may import model/errors.py alone: a fitted pipeline holds a network in an estimator.
"""
