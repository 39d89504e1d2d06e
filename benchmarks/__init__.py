"""Measures this service beside others: python -m benchmarks."""

import os

# Before numpy is imported, and for every server: a worker is one thread of arithmetic.
for _pool in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_pool}_NUM_THREADS"] = "1"
