"""The contract: which instances are valid, and which were observed in training.

*Valid* is enforced: type, nullability, bounds, allowed categories. *Observed* is
remembered: a value outside it is answered, with a warning.

These are msgspec structs: frozen, and checked against their types when decoded.
"""

from typing import Literal

import msgspec

FeatureType = Literal[
    "number", "integer", "string", "boolean", "date", "date-time", "object", "tensor"
]
UnknownFields = Literal["reject", "ignore"]
Table = Literal["frame", "array", "text", "mapping", "tensors"]
NullMark = Literal["NaN", "None", "NA", "NaT"]
Scalar = str | int | float | bool | None
Bound = str | int | float | None


# The types of a feature's bounds, categories and default in JSON.
VALUES: dict[FeatureType, set[type]] = {
    "number": {int, float},
    "integer": {int, float},
    "string": {str},
    "boolean": {bool},
    "date": {str},
    "date-time": {str},
    "object": set(),
    "tensor": {int, float},
}

# The types of a tensor's elements, as numpy calls them.
ELEMENT_TYPES = (
    *("float32", "float64", "bool"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
)
# numpy has 64; an image has three, a video four.
MAX_DIMENSIONS = 8


def is_text(value: object) -> bool:
    """Return True if a value is text that UTF-8 can encode: without lone surrogates."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class Record(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """A frozen record of the manifest; JSON omits fields that have their default."""


class Observed(Record, frozen=True):
    """What training saw of a feature; `categories` is None for text and quantities."""

    nulls: int = 0
    minimum: Bound = None
    maximum: Bound = None
    categories: tuple[Scalar, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse a range with one end. Raises ValueError."""
        if (self.minimum is None) != (self.maximum is None):
            raise ValueError("an observed minimum needs an observed maximum")


class Storage(Record, frozen=True):
    """How a column lay in the table the pipeline was fitted on.

    `null` is the object that stood for a missing value; `categories` and `ordered`
    belong to the pandas categorical dtype; `label` is the column's name in the frame,
    where that is an integer. The dtype `date` is an object column of datetime.date.
    """

    dtype: str
    null: NullMark = "NaN"
    label: int | None = None
    categories: tuple[Scalar, ...] | None = None
    ordered: bool = False


class Feature(Record, frozen=True):
    """One field of an instance. Bounds are inclusive; dates are ISO 8601 text.

    `categories`, where given, is the closed set of what is allowed. `default` stands
    in for an absent field, and only where `required` is false. A tensor alone has a
    `shape`, that of one instance, in which None is a free dimension; its bounds are
    those of each element. Free dimensions of one name, in `dimensions`, agree.
    """

    name: str
    type: FeatureType
    storage: Storage
    nullable: bool = False
    required: bool = True
    default: Scalar = None
    minimum: Bound = None
    maximum: Bound = None
    categories: tuple[Scalar, ...] | None = None
    unit: str = ""
    description: str = ""
    observed: Observed = Observed()
    shape: tuple[int | None, ...] | None = None
    dimensions: tuple[str | None, ...] = ()

    @property
    def is_date(self) -> bool:
        """True if values are moments, or whole days, which are their midnights."""
        return self.type in ("date", "date-time")

    @property
    def label(self) -> str | int:
        """The name of the column in the frame that the pipeline takes."""
        return self.name if self.storage.label is None else self.storage.label

    def __post_init__(self) -> None:
        """Refuse values that do not fit the feature's type. Raises ValueError."""
        bounds = (self.minimum, self.maximum)
        seen = (self.observed.minimum, self.observed.maximum)
        held = VALUES[self.type]
        for value in (*bounds, *seen, self.default):
            if value is not None and type(value) not in held:
                raise ValueError(f"{value!r} is no value of {self.name!r}")
        for value in (*(self.categories or ()), *(self.observed.categories or ())):
            if type(value) not in held:
                raise ValueError(f"{value!r} is no category of {self.name!r}")
        if self.type in ("string", "boolean") and bounds != (None, None):
            raise ValueError(f"{self.name!r} is a {self.type}, and has no bounds")
        if self.categories == ():
            raise ValueError(f"{self.name!r} has no category to allow")
        if (self.shape is not None) != (self.type == "tensor"):
            raise ValueError(f"{self.name!r} needs a shape if it is a tensor alone")
        if self.shape is not None:
            self._check_tensor(self.shape)
        elif self.dimensions:
            raise ValueError(f"{self.name!r} has dimensions, and is no tensor")

    def _check_tensor(self, shape: tuple[int | None, ...]) -> None:
        sizes = [1 if size is None else size for size in shape]
        names = self.dimensions or (None,) * len(shape)
        is_named = len(names) == len(shape) and all(
            name is None or (name and size is None)
            for name, size in zip(names, shape, strict=False)
        )
        bounds = {type(each) for each in (self.minimum, self.maximum)} - {type(None)}
        whole = (
            {int} if self.storage.dtype.startswith(("int", "uint")) else {int, float}
        )
        for is_right, fault in (
            (self.storage.dtype in ELEMENT_TYPES, "has elements of no type"),
            (min(sizes, default=1) > 0, "has a dimension without elements"),
            (len(shape) <= MAX_DIMENSIONS, f"has over {MAX_DIMENSIONS} dimensions"),
            (is_named, "names other dimensions than its free ones"),
            (bounds <= whole, "holds integers, and has other bounds"),
            (not (bounds and self.storage.dtype == "bool"), "has bounds of booleans"),
            (self.required and not self.nullable, "must come, and not be null"),
            (self.categories is None, "is a tensor, and has no categories"),
        ):
            if not is_right:
                raise ValueError(f"{self.name!r} {fault}")


class Contract(Record, frozen=True):
    """The features in the order the pipeline was fitted on, and the table's kind.

    `text` is one column of texts: a list, an array of one dimension or a Series;
    `mapping` is one of mappings, whose fields are what an instance brings; `tensors`
    are arrays by name, each with the instances first.
    `array_dtype` is the dtype of a bare numpy array, `list`, or None for pandas.
    """

    features: tuple[Feature, ...]
    table: Table = "frame"
    array_dtype: str | None = None
    unknown_fields: UnknownFields = "reject"
