"""One thread for each prediction: the workers are the parallelism."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

# A fitted part has at least one of these. isinstance(BaseEstimator) is not enough:
# `_CalibratedClassifier` is not one.
MARKS = ("fit", "predict", "predict_proba")

LIGHTGBM = "lightgbm.sklearn.LGBMModel"


def use_one_thread(pipeline: Any) -> None:
    """Let every fitted part answer with one thread.

    A pool of OpenMP threads started before a fork hangs the workers. One thread also
    fixes the order in which a forest sums its trees, and so the last bit.
    """
    _limit_frameworks()
    for part in _iterate_parts(pipeline, set()):
        bases = type(part).__mro__
        if LIGHTGBM in [f"{base.__module__}.{base.__name__}" for base in bases]:
            # It takes all cores for n_jobs=None, whatever OMP_NUM_THREADS says. Of its
            # five names for the number of threads, this one wins over all the others.
            part.set_params(num_threads=1)
        if hasattr(part, "n_jobs"):
            with contextlib.suppress(AttributeError):  # a property that follows others
                part.n_jobs = 1


def _limit_frameworks() -> None:
    """Let the frameworks that a pipeline has imported use one thread, too."""
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)
    if (tensorflow := sys.modules.get("tensorflow")) is not None:
        threads = tensorflow.config.threading
        with contextlib.suppress(RuntimeError):  # of one that has run here already
            threads.set_intra_op_parallelism_threads(1)
            threads.set_inter_op_parallelism_threads(1)


def _iterate_parts(part: Any, seen: set[int]) -> Iterator[Any]:
    if id(part) in seen:
        return
    seen.add(id(part))
    if any(hasattr(type(part), name) for name in MARKS):
        yield part
        part = getattr(part, "__dict__", {})
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list | tuple) or (
        isinstance(part, np.ndarray) and part.dtype == object
    ):
        for inner in part:
            yield from _iterate_parts(inner, seen)
