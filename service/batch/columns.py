"""Which columns of a table are asked about, carried along, or refused."""

from collections.abc import Callable, Sequence
from typing import Any

from service.batch.arrow import pa
from service.batch.plain_types import read_decimals
from service.model.contract.arrow_tensors import find_tensor_fault
from service.model.contract.features import Contract, FeatureType
from service.model.errors import DataFileError


def _is_number(type_: Any) -> bool:
    types = pa.types
    is_plain = types.is_integer(type_) or types.is_floating(type_)
    return bool(is_plain or types.is_decimal(type_))


def _is_text(type_: Any) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def _is_date(type_: Any) -> bool:
    types = pa.types
    return _is_text(type_) or types.is_date32(type_) or types.is_timestamp(type_)


def _is_boolean(type_: Any) -> bool:
    return bool(pa.types.is_boolean(type_))


# The Arrow types that hold the values of a feature, and what these are called.
TAKEN: dict[FeatureType, tuple[Callable[[Any], bool], str]] = {
    "number": (_is_number, "numbers"),
    "integer": (_is_number, "numbers"),
    "string": (_is_text, "text"),
    "boolean": (_is_boolean, "booleans"),
    "date": (_is_date, "dates or text"),
    "date-time": (_is_date, "dates or text"),
}


class TableColumns:
    """The columns that a contract asks for, and those that are kept as keys.

    Any other column is refused, or ignored where the contract or the caller says so.
    """

    def __init__(
        self, contract: Contract, keep: Sequence[str], *, is_ignoring: bool
    ) -> None:
        if contract.table == "mapping":
            raise DataFileError("The model takes any fields, and a table has columns.")
        self._has_tensors = contract.table == "tensors"
        self.keep = [*dict.fromkeys(keep)]
        self.features = {feature.name: feature for feature in contract.features}
        self._is_ignoring = is_ignoring or contract.unknown_fields == "ignore"

    def check(self, schema: Any, place: str, *, is_typed: bool = True) -> None:
        """Refuse a table by its schema; `place` names it. Raises DataFileError."""
        names = schema.names
        if len(set(names)) < len(names):
            raise DataFileError(f"{place} has two columns of one name.")
        required = [name for name, each in self.features.items() if each.required]
        missing = {name: None for name in (*required, *self.keep) if name not in names}
        if missing:
            raise DataFileError(f"{place} lacks the columns {', '.join(missing)}.")
        known = {*self.features, *self.keep}
        unknown = [name for name in names if name not in known]
        if unknown and not self._is_ignoring:
            # The index of a frame that pandas wrote has none.
            told = [name or "one without a name" for name in unknown]
            raise DataFileError(
                f"{place} has columns that are no features of the model:"
                f" {', '.join(told)}. Keep them in the output, or have them ignored."
            )
        if self._has_tensors and not is_typed:
            raise DataFileError(
                f"{place} has a value in each field, and the model takes tensors: score"
                " Parquet or Arrow."
            )
        for name in filter(self.features.__contains__, names if is_typed else ()):
            self._check_type(name, schema.field(name).type, place)

    def _check_type(self, name: str, type_: Any, place: str) -> None:
        feature = self.features[name]
        if feature.type == "tensor":
            if told := find_tensor_fault(feature, type_):
                raise DataFileError(f"{place}: the column {name} {told}.")
            return
        is_coded = pa.types.is_dictionary(type_)
        held = type_.value_type if is_coded else type_
        is_taken, values = TAKEN[feature.type]
        if not is_taken(held) and not pa.types.is_null(held):
            raise DataFileError(
                f"{place} has {held} in the column {name}, which must hold {values}."
            )

    def list_coded(self) -> list[str]:
        """Return the features of few texts, which are read as codes; none is kept."""
        return [
            name
            for name, feature in self.features.items()
            if feature.type == "string"
            and feature.observed.categories is not None
            and name not in self.keep
        ]

    def list_read(self, names: Sequence[str]) -> list[str]:
        """Return those of the names that are read at all."""
        return [name for name in names if name in self.features or name in self.keep]

    def select_features(self, table: Any) -> Any:
        """Return the columns that the contract asks for, decimals as other numbers."""
        found = table.select([n for n in table.column_names if n in self.features])
        for index, field in enumerate(found.schema):
            if pa.types.is_decimal(field.type):
                column = read_decimals(found.column(index))
                found = found.set_column(index, field.name, column)
        return found
