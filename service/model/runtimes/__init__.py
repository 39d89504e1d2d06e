"""Networks of other frameworks, run on arrays behind one interface.

device.py         where networks run: here, or by the process with the device
network.py        the interface: what a network takes and gives, and how it is loaded
onnx.py           ONNX, by onnxruntime
stderr.py         what libraries write by themselves, hidden
file_trial.py     a file tried by a process of its own, which it may end
litert_graph.py   what is asked of a .tflite file
litert.py         TensorFlow Lite, by ai-edge-litert
torch_modules.py  modules of PyTorch, their weights apart from all else of them
torch_export.py   such a module exported to ONNX
torch.py          PyTorch: a module filled with its weights
saved_model.py    TensorFlow: a signature of a SavedModel
registry.py       the runtimes by name and by suffix; a new one is a row there
trial.py          networks that hang in forks, run by a child until there are any
network_file.py   a network's bytes beside a pickle, loaded once
export_check.py   an exported network held to what it was exported from
from_torch.py     a module of a notebook as a network
tables.py         a table, or arrays by name, as a network's inputs
keras_export.py   a model of Keras exported to ONNX and TensorFlow Lite
from_keras.py     a model of Keras, a SavedModel or a .tflite file as a network
answers.py        which output holds what, and how it is read
estimator.py      a network as a fitted estimator of scikit-learn's kind
classifier.py     one that tells classes apart
regressor.py      one that predicts numbers
transformer.py    one that gives numbers by name

It may import model/errors.py and model/outputs.py.
"""
