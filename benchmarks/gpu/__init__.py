"""Networks on a device, beside the processor and the network alone: docs/gpu.md.

models.py    the networks: of PyTorch where it is installed, else of ONNX
alone.py     without another process, in a process of its own: CUDA is not to be forked
serving.py   over HTTP: requests a second, and until a lost device answers again
__main__.py  all of it, in one table

It ends by itself within eight minutes. `--device process` runs it where there is none.
"""
