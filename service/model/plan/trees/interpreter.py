"""treelite's interpreter, called so that it adds up as scikit-learn does.

Boosting starts from a baseline and adds the trees to it, one after another; treelite
adds the baseline last, which rounds differently. A first tree of one leaf that holds
the baseline gives the same sums, to the last bit.
"""

import copy
import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import treelite
from treelite.core import _LIB, _check_call
from treelite.gtil.gtil import GTILConfig
from treelite.model_builder import (
    Metadata,
    ModelBuilder,
    PostProcessorFunc,
    TreeAnnotation,
)

from service.model.plan.steps import Numbers

DOUBLE = b"float64"


def _bind(library: ctypes.CDLL) -> Any:
    """Return a new function object, so that treelite's own keeps its types."""
    predict = library["TreeliteGTILPredict"]
    predict.argtypes = [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_uint64,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    return predict


# Other threads may run while many rows are predicted. For a few rows the GIL is kept:
# to get it back takes longer than the prediction.
PREDICT_MANY = _bind(_LIB)
PREDICT_FEW = _bind(ctypes.PyDLL(_LIB._name, handle=_LIB._handle))
FEW = 16

# The address of a writeable array, in a third of the time of its `ctypes.data`.
get_address: Callable[[Any], Any] = (ctypes.c_double * 0).from_buffer


class Interpreter:
    """Calls treelite's C interpreter, by its documented C API.

    What treelite.gtil works out anew at each call, the configuration parsed from JSON
    and the shape of the output, is kept: that is half of the time of a single row.
    """

    def __init__(self, model: Any) -> None:
        self._model, self._model_handle = model, model.handle
        self._columns = model.num_feature
        self._config = GTILConfig(predict_type="raw", nthread=1)
        self._config_handle = self._config.handle
        one = np.zeros((1, self._columns))
        raw = treelite.gtil.predict(model, one, nthread=1, pred_margin=True)
        if model.input_type != "float64" or raw.dtype != np.float64 or raw.ndim != 3:
            raise NotImplementedError("The interpreter is for doubles.")
        self._width = raw[0].size  # of several outputs, or of several classes

    def score(self, X: Numbers) -> np.ndarray:
        """Return the raw sums of the trees, shape (n, k)."""
        X = np.ascontiguousarray(X, dtype=np.float64)
        if not X.flags.writeable:
            X = X.copy()
        rows, columns = X.shape
        if columns != self._columns:
            raise ValueError(f"{columns} columns for {self._columns} features.")
        scores = np.zeros((rows, self._width))
        predict = PREDICT_FEW if rows <= FEW else PREDICT_MANY
        status = predict(
            self._model_handle,
            get_address(X),
            DOUBLE,
            rows,
            get_address(scores),
            self._config_handle,
        )
        if status:
            _check_call(status)
        return scores


def lead_with_baseline(model: Any, columns: int) -> Any:
    """Return the model with its baseline in a first tree instead of added last."""
    header = model.get_header_accessor()
    baseline = header.get_field("base_scores")
    width = len(baseline)
    builder = ModelBuilder(
        threshold_type="float64",
        leaf_output_type="float64",
        metadata=Metadata(
            num_feature=columns,
            task_type="kMultiClf" if width > 1 else "kRegressor",
            average_tree_output=False,
            num_target=1,
            num_class=[width],
            leaf_vector_shape=(1, 1),
        ),
        tree_annotation=TreeAnnotation(
            num_tree=width, target_id=[0] * width, class_id=list(range(width))
        ),
        postprocessor=PostProcessorFunc(name="identity"),
        base_scores=[0.0] * width,
    )
    for value in baseline:
        builder.start_tree()
        builder.start_node(0)
        builder.leaf(float(value))
        builder.end_node()
        builder.end_tree()
    header.set_field("base_scores", np.zeros_like(baseline))
    return treelite.Model.concatenate([builder.commit(), model])


def round_to_single(X: Numbers) -> Numbers:
    """Round as scikit-learn's trees do before they compare."""
    return X.astype(np.float32).astype(np.float64)


def load_by_treelite(fitted: Any) -> Any:
    """Load by treelite, which trusts n_estimators even after an early stop."""
    counted = copy.copy(fitted)
    if hasattr(fitted, "estimators_"):
        counted.n_estimators = len(fitted.estimators_)
    return treelite.sklearn.import_model(counted)


def load_boosted(fitted: Any) -> Any:
    """Load by treelite a model that adds its trees to a baseline."""
    return lead_with_baseline(load_by_treelite(fitted), fitted.n_features_in_)
