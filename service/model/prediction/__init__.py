"""The predictor: validated instances in, predictions out.

threads.py    one thread a prediction: the workers are the parallelism
gate.py       a plan is used only if it answers as the pipeline does
pace.py       how long a model has taken: who may share a batch
batching.py   requests that wait for a slow model, predicted together
rowwise.py    whether a row's answer depends on the rows beside it
engine.py     which of these is used: measured, when an artefact is loaded
unanswered.py an instance that the pipeline has no answer for
predictor.py  what loading makes of them, frozen

It may import plan/, artefact/, contract/, drift/, and what is flat in model/.
"""
