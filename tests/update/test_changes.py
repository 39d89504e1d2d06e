"""Each change of a contract is named, and told harmful or harmless to callers."""

from typing import Any

import msgspec
import pytest
from pipelines import CREDIT

from service.model.artefact.folder import read_artefact
from service.model.artefact.manifest import Manifest
from service.model.contract.features import Feature, Storage
from service.update.changes import list_changes

MANIFEST = read_artefact(CREDIT).manifest


def change_feature(name: str, **fields: Any) -> Manifest:
    features = tuple(
        msgspec.structs.replace(feature, **fields) if feature.name == name else feature
        for feature in MANIFEST.contract.features
    )
    return change_contract(features=features)


def change_contract(**fields: Any) -> Manifest:
    contract = msgspec.structs.replace(MANIFEST.contract, **fields)
    return msgspec.structs.replace(MANIFEST, contract=contract)


FEATURES = MANIFEST.contract.features
MORE = Feature(name="more", type="number", storage=Storage(dtype="float64"))
MAY_LACK = msgspec.structs.replace(MORE, required=False)
PLAIN = change_feature("Age", minimum=None, maximum=None)
BOUNDED = change_feature("Age", minimum=18, maximum=90)
AGE_BOUNDED = [(True, "Age has a minimum of 18"), (True, "Age has a maximum of 90")]
CLOSED = change_feature("Home", categories=("owner", "rent"))


def make_tensor(dtype: str, *shape: int | None, names: Any = ()) -> Manifest:
    feature = Feature(
        name="image",
        type="tensor",
        storage=Storage(dtype=dtype),
        shape=shape,
        dimensions=names,
    )
    return change_contract(features=(feature,), table="tensors")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (make_tensor("int8", 2), make_tensor("int8", 2), []),
        (
            make_tensor("int8", 2),
            make_tensor("int16", 2),
            [(True, "image holds int16, and held int8")],
        ),
        (
            make_tensor("int8", 2, 3),
            make_tensor("int8", None, 3),
            [(False, "image has the shape n x 3, and had 2 x 3")],
        ),
        (
            make_tensor("int8", None, 3),
            make_tensor("int8", 2, 3),
            [(True, "image has the shape 2 x 3, and had n x 3")],
        ),
        (
            make_tensor("int8", 2),
            make_tensor("int8", 2, 1),
            [(True, "image has the shape 2 x 1, and had 2")],
        ),
        (
            make_tensor("int8", None),
            make_tensor("int8", None, names=("side",)),
            [(True, "image must agree with others in the dimension side")],
        ),
        (make_tensor("int8", None, names=("side",)), make_tensor("int8", None), []),
    ],
)
def test_changes_of_a_tensor_are_told(
    old: Manifest, new: Manifest, expected: list[tuple[bool, str]]
) -> None:
    found = list_changes(old, new)
    assert [(each.is_breaking, each.sentence) for each in found] == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (MANIFEST, MANIFEST, []),
        (
            MANIFEST,
            change_contract(features=(*FEATURES, MORE)),
            [(True, "more is a new field, and required")],
        ),
        (
            MANIFEST,
            change_contract(features=(*FEATURES, MAY_LACK)),
            [(False, "more is a new field, which may be absent")],
        ),
        (
            change_contract(features=(*FEATURES, MORE)),
            MANIFEST,
            [(True, "more is no field any more")],
        ),
        (PLAIN, BOUNDED, AGE_BOUNDED),
        (
            BOUNDED,
            change_feature("Age", minimum=21, maximum=90),
            [(True, "Age has a minimum of 21, and had 18")],
        ),
        (
            BOUNDED,
            change_feature("Age", minimum=18, maximum=99),
            [(False, "Age has a maximum of 99, and had 90")],
        ),
        (
            BOUNDED,
            change_feature("Age", minimum=18, maximum=None),
            [(False, "Age has no maximum any more, which was 90")],
        ),
        (MANIFEST, CLOSED, [(True, "Home takes owner, rent alone")]),
        (
            CLOSED,
            change_feature("Home", categories=("owner", "other")),
            [
                (True, "Home does not take rent any more"),
                (False, "Home takes other as well"),
            ],
        ),
        (CLOSED, MANIFEST, [(False, "Home takes any category")]),
        (
            MANIFEST,
            change_feature("Age", type="number"),
            [(False, "Age is of type number, and was integer")],
        ),
        (
            change_feature("Age", type="number"),
            MANIFEST,
            [(True, "Age is of type integer, and was number")],
        ),
        (
            change_feature("Age", nullable=False),
            change_feature("Age", nullable=True),
            [(False, "Age may be null")],
        ),
        (
            change_feature("Age", nullable=True),
            change_feature("Age", nullable=False),
            [(True, "Age may be null no more")],
        ),
        (
            MANIFEST,
            change_feature("Age", unit="months"),
            [(True, "Age is in months, and was in years")],
        ),
        (
            change_feature("Age", unit=""),
            MANIFEST,
            [(False, "Age is in years, which was not told")],
        ),
        (
            MANIFEST,
            msgspec.structs.replace(MANIFEST, names=("fine", "bad")),
            [(True, "good is answered no more"), (True, "fine is answered as well")],
        ),
        (
            MANIFEST,
            msgspec.structs.replace(MANIFEST, task="regression"),
            [(True, "the task is regression, and was classification")],
        ),
        (
            change_contract(unknown_fields="ignore"),
            MANIFEST,
            [(True, "unknown fields are refused")],
        ),
    ],
)
def test_a_change_is_named(
    old: Manifest, new: Manifest, expected: list[tuple[bool, str]]
) -> None:
    found = [(change.is_breaking, change.sentence) for change in list_changes(old, new)]
    assert found == expected
