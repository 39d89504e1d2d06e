"""Which output of a network holds what, and how it is read."""

from collections.abc import Sequence

import numpy as np
from scipy.special import expit

from service.model.errors import PackagingError
from service.model.runtimes.network import TensorForm
from service.model.runtimes.tables import describe_form, read_width

Forms = Sequence[TensorForm]

# What skl2onnx and onnxmltools call the output of probabilities, and that of labels.
PROBABILITIES = ("probabilities", "output_probability")
LABELS = ("label", "output_label")

ACTIVATIONS = (None, "softmax", "sigmoid", "identity")

# How far probabilities of float16 may be from one together.
ROUNDED_SUM = 1e-2

# How far below zero the rest of a sum of float32 may be: of 20 trees, 5e-7.
ROUNDED_ZERO = 1e-5


def find_output(outputs: Forms, name: str | None) -> TensorForm:
    """Return an output of numbers, the only one unless it is named.

    Raises PackagingError where it cannot be told which one is meant.
    """
    if name is not None:
        return _take(outputs, name)
    numbers = [form for form in outputs if form.dtype.startswith("float")]
    named = [form for form in numbers if form.name in PROBABILITIES]
    found = named or numbers
    if len(found) != 1:
        raise PackagingError(
            f"The network gives {describe_outputs(outputs)}: say by output= which of"
            " them is the answer."
        )
    return found[0]


def find_labels(outputs: Forms, name: str | None) -> TensorForm | None:
    """Return the output of labels, None if there is none. Raises PackagingError."""
    if name is not None:
        named = _take(outputs, name)
        if not _is_label(named):
            raise PackagingError(f"{describe_form(named)} holds no label a row.")
        return named
    found = [form for form in outputs if form.name in LABELS and _is_label(form)]
    return found[0] if len(found) == 1 else None


def find_probabilities(
    outputs: Forms, name: str | None, labels: TensorForm | None
) -> TensorForm | None:
    """Return the output of probabilities or logits, None if there are labels alone.

    Raises PackagingError where it cannot be told which one is meant.
    """
    has_numbers = any(form.dtype.startswith("float") for form in outputs)
    if name is None and labels is not None and not has_numbers:
        return None
    return find_output(outputs, name)


def describe_outputs(outputs: Forms) -> str:
    return ", ".join(map(describe_form, outputs))


def _take(outputs: Forms, name: str) -> TensorForm:
    for form in outputs:
        if form.name == name:
            return form
    raise PackagingError(
        f"The network has no output {name!r}: it gives {describe_outputs(outputs)}."
    )


def _is_label(form: TensorForm) -> bool:
    return not form.dtype.startswith("float") and form.shape[1:] in ((), (1,))


def count_classes(form: TensorForm | None) -> int | None:
    """Return the number of classes that an output has numbers for, if it is fixed."""
    if form is None or len(form.shape) not in (1, 2):
        return None
    width = form.shape[1] if len(form.shape) == 2 else 1
    return 2 if width == 1 else width


def read_rows(form: TensorForm, answers: np.ndarray, count: int) -> np.ndarray:
    """Return an output as a row for each of `count` rows. Raises ValueError."""
    if answers.ndim == 0 or len(answers) != count:
        given = len(answers) if answers.ndim else "one answer"
        raise ValueError(
            f"The network gives {given} of {form.name!r} to {count} instances."
        )
    return answers.reshape(count, -1)


def read_probabilities(
    form: TensorForm, scores: np.ndarray, activation: str | None
) -> np.ndarray:
    """Return the probabilities of all classes. Raises ValueError for what are none."""
    if activation == "softmax":
        return _take_softmax(scores)
    if activation == "sigmoid":
        scores = expit(scores)
    if scores.shape[1] == 1:
        scores = np.concatenate([1 - scores, scores], axis=1)
    is_wrong = np.abs(scores.sum(axis=1) - 1) > ROUNDED_SUM  # not where a sum is NaN
    if is_wrong.any() or (scores < -ROUNDED_ZERO).any():
        raise ValueError(
            f"The output {form.name!r} holds no probabilities: if it holds logits, say"
            " activation='softmax' or 'sigmoid'."
        )
    return scores


def _take_softmax(scores: np.ndarray) -> np.ndarray:
    """Return scipy.special.softmax of each row, in a third of its time for one."""
    with np.errstate(all="ignore"):  # of infinities it makes NaN, which are met later
        powers: np.ndarray = np.exp(scores - scores.max(axis=1, keepdims=True))
        powers /= powers.sum(axis=1, keepdims=True)
    return powers


def list_names(form: TensorForm) -> list[str]:
    """Return the names of the numbers of an output. Raises ValueError if it is free."""
    width = read_width(form)
    if width is None:
        raise ValueError(f"The width of {form.name!r} is free.")
    if width == 1:
        return [form.name]
    return [f"{form.name}_{index}" for index in range(width)]


def join_numbers(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return outputs side by side, as doubles if one of them is of floats.

    Raises ValueError for an integer that no double is.
    """
    joined = np.concatenate(parts, axis=1)
    if joined.dtype.kind != "f":
        return joined
    for part in parts:
        if part.dtype.kind in "iu" and not _are_doubles(part):
            raise ValueError("The network gives an integer that no double holds.")
    return joined.astype(np.float64)


def _are_doubles(integers: np.ndarray) -> bool:
    """Return True if each is at most 2**53, up to which doubles hold all."""
    return bool(((integers >= -(2**53)) & (integers <= 2**53)).all())
