"""What a network is given: of a table, or of arrays by name, cast to its types."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from service.model.outputs import is_plainly_finite
from service.model.runtimes.network import TensorForm

NUMBERS = "fiub"


class InputReader:
    """Reads a table, a row an instance, or a mapping of arrays, as a network's inputs.

    `width` is the number of columns of a table; None where it is free, or where no
    table has the form of the inputs.
    """

    def __init__(self, forms: Sequence[TensorForm], *, allow_nan: bool = False) -> None:
        self._forms = {form.name: form for form in forms}
        self._allow_nan = allow_nan
        self._widths = [read_width(form) for form in forms]
        self.width = None if None in self._widths else _add(self._widths)
        # One that takes as many numbers as there are columns.
        self._is_open = len(forms) == 1 and len(forms[0].shape) == 2

    def read(self, X: Any) -> dict[str, np.ndarray]:
        """Return the inputs by name.

        Raises ValueError for another shape, or for numbers that an input does not hold.
        """
        if isinstance(X, Mapping):
            return self._read_arrays(X)
        if self._has_columns(X):
            columns = {name: np.asarray(X[name]) for name in self._forms}
            return {
                name: self._cast(form, columns[name]).reshape(_free(form, len(X)))
                for name, form in self._forms.items()
            }
        return self.split(np.asarray(X))

    def split(self, table: np.ndarray) -> dict[str, np.ndarray]:
        """Return the inputs, laid side by side in the order of the network."""
        if table.ndim != 2 or (self.width is None and not self._is_open):
            raise ValueError(
                f"The network takes {self._describe()}, and was given an array of"
                f" {table.ndim} dimensions: pass a dict of arrays by these names."
            )
        rows, width = table.shape
        if self.width not in (None, width):
            raise ValueError(
                f"The network takes {self.width} numbers a row ({self._describe()}),"
                f" and was given {width}."
            )
        if self._is_open or len(self._forms) == 1:
            [form] = self._forms.values()
            cast = self._cast(form, table)
            return {form.name: cast.reshape(_free(form, rows, width))}
        inputs, start = {}, 0
        for form, each in zip(self._forms.values(), self._widths, strict=True):
            end = start + (each or 0)
            cast = self._cast(form, table[:, start:end])
            inputs[form.name] = cast.reshape(_free(form, rows))
            start = end
        return inputs

    def _has_columns(self, X: Any) -> bool:
        """Return True for a frame with a column for each input, by name."""
        names = list(getattr(X, "columns", ()))
        is_alike = len(names) == len(self._forms) and self._forms.keys() == {*names}
        return is_alike and all(width == 1 for width in self._widths)

    def _read_arrays(self, arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
        if arrays.keys() != self._forms.keys():
            raise ValueError(
                f"The network takes {self._describe()}, and was given"
                f" {', '.join(map(str, arrays)) or 'nothing'}."
            )
        inputs = {}
        for name, form in self._forms.items():
            array = np.asarray(arrays[name])
            _check_shape(form, array)
            inputs[name] = self._cast(form, array)
        if len({len(array) for array in inputs.values()}) > 1:
            raise ValueError("The network was given arrays that differ in length.")
        return inputs

    def _cast(self, form: TensorForm, array: np.ndarray) -> np.ndarray:
        """Return an array of the input's type, C-contiguous. Raises ValueError."""
        if form.dtype == "str":
            return _cast_texts(form, array)
        if array.dtype.kind == "O" and not _holds_texts(array):
            array = array.astype(np.float64)
        if array.dtype.kind not in NUMBERS:
            raise ValueError(f"{form.name!r} takes {form.dtype}, and was given texts.")
        with np.errstate(all="ignore"):  # what does not fit is refused below
            cast = np.ascontiguousarray(array, dtype=form.dtype)
        if cast.dtype.kind == "f":
            self._check_finite(form, cast)
        elif cast.dtype != array.dtype and not np.array_equal(cast, array):
            raise ValueError(f"{form.name!r} was given what no {form.dtype} is.")
        return cast

    def _check_finite(self, form: TensorForm, cast: np.ndarray) -> None:
        if is_plainly_finite(cast):
            return
        if self._allow_nan:
            if np.isinf(cast).any():
                raise ValueError(f"{form.name!r} was given an infinite number.")
        elif not np.isfinite(cast).all():
            raise ValueError(
                f"{form.name!r} was given NaN, or a number beyond {form.dtype}."
            )

    def _describe(self) -> str:
        """Return the names and shapes of the inputs, as a sentence has them."""
        return ", ".join(map(describe_form, self._forms.values()))


def describe_form(form: TensorForm) -> str:
    """Return the name and the shape of a tensor: 'image' (n, 1, 8, 8)."""
    free = ["n", *["any"] * len(form.shape)]
    sizes = [
        mark if size is None else str(size)
        for size, mark in zip(form.shape, free, strict=False)
    ]
    return f"{form.name!r} ({', '.join(sizes)})"


def read_width(form: TensorForm) -> int | None:
    """Return the numbers that one row of a tensor has, None if it may have any.

    That is so where a file says no shape.
    """
    sizes = [size for size in form.shape[1:] if size is not None]
    is_fixed = form.shape and len(sizes) == len(form.shape[1:])
    return math.prod(sizes) if is_fixed else None


def _add(widths: Sequence[int | None]) -> int:
    return sum(width for width in widths if width is not None)


def _free(form: TensorForm, rows: int, width: int = 1) -> tuple[int, ...]:
    """Return the shape of `rows` rows; a free dimension is as wide as the table."""
    return (rows, *(width if size is None else size for size in form.shape[1:]))


def _check_shape(form: TensorForm, array: np.ndarray) -> None:
    is_alike = array.ndim == len(form.shape) and all(
        wanted in (None, found)
        for wanted, found in zip(form.shape[1:], array.shape[1:], strict=True)
    )
    if not is_alike:
        raise ValueError(
            f"The network takes {describe_form(form)}, and was given the shape"
            f" {array.shape}."
        )


def _cast_texts(form: TensorForm, array: np.ndarray) -> np.ndarray:
    texts = array.astype(object)
    if not all(isinstance(text, str) for text in texts.flat):
        raise ValueError(f"{form.name!r} takes texts, and was given others.")
    return texts


def _holds_texts(array: np.ndarray) -> bool:
    """Return True if a text is among the objects: numpy would read it as a number."""
    return any(isinstance(value, str | bytes) for value in array.flat)
