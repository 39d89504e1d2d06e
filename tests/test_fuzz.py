"""What ops write, spoilt: read, or refused in one sentence, and never a traceback."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from gunicorn.util import parse_address
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mutations import mutants
from proved_here import package_here
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from service.model.artefact.card import format_card
from service.model.artefact.folder import read_artefact
from service.model.artefact.manifest import decode_manifest
from service.model.contract.codec import Codec
from service.model.contract.request_limits import UNBOUNDED
from service.model.errors import ArtefactError
from service.model.loading import load_predictor
from service.setting_values import parse_limits
from service.settings import Settings, SettingsError, variables
from service.web.access.key_file import KeysFileError
from service.web.access.keyring import Keyring
from service.web.access.storage import Count, HostStorage
from service.web.budget import Limit, build_budget
from service.web.routes.openapi import describe_api
from service.web.runtime_folder import open_folder

DRAWN = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

SECRET = "tHe-SeCrEt-of-a-key"
KEY = f"msk_0a1b2c_{SECRET}"

# A good file, but for a key that somebody left in it.
KEYS = {
    "keys": [
        {
            "id": "0a1b2c",
            "client": "scoring",
            "sha256": hashlib.sha256(KEY.encode()).hexdigest(),
            "scopes": ["predict", "metrics"],
            "expires": "2126-01-31T09:30:00+01:00",
            "requests": "200/minute;20/second",
            "instances": "5000 per 2 hours",
        },
        {"id": "3d", "client": "x", "sha256": 64 * "0", "scopes": []},
    ]
}
NOTED = {"note": KEY, KEY: 1, "keys": [{"id": KEY, "client": KEY, "sha256": KEY}]}

# So that nothing is spent of a limit before.
NUMBERS = count()

ENVIRONMENT = {
    "SERVICE_ARTEFACT": "artefacts/credit-risk/1.0.0",
    "SERVICE_API_KEYS_FILE": "/run/secrets/keys.json",
    "SERVICE_HOST": "fe80::1",
    "SERVICE_PLAN": "off",
    "SERVICE_RATE_LIMIT_STORAGE": "rediss://user:word@redis:6379/0",
    "SERVICE_LOG_LEVEL": "WARNING",
    **dict.fromkeys(
        ("SERVICE_RATE_LIMIT_REQUESTS", "SERVICE_RATE_LIMIT_INSTANCES"),
        "200 per 2 minutes;20/second",
    ),
}


def check_sentence(error: Exception) -> None:
    """Hold what is said against what a log line and a person can take."""
    said = str(error)
    assert said.isprintable(), said
    assert said.endswith("."), said
    assert SECRET not in said


# The key file


def read_key_file(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        keyring = Keyring(path, "9/second", "9/second", path.with_name("last.json"))
    except KeysFileError as error:
        check_sentence(error)
        return
    client = keyring.find_client(KEY)
    for limit in (*client.requests, *client.instances) if client else ():
        assert take(limit).is_admitted


def take(limit: Limit) -> Count:
    """Take one of a limit that nothing is spent of."""
    key = f"{limit.key}/{next(NUMBERS)}"
    return HostStorage(open_folder() / "fuzz.limits").take(
        key, limit.amount, limit.seconds, 1
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fuzz") / "keys.json"
    path.touch(0o600)  # whatever the umask is
    return path


@settings(DRAWN, max_examples=400)
@given(content=st.sampled_from([KEYS, NOTED]).flatmap(mutants))
def test_a_key_file_is_read_or_refused(path: Path, content: bytes) -> None:
    read_key_file(path, content)


TEXTS = st.one_of(
    st.text(),
    st.text("0123456789/;, perminutesecondhourdaymonthyear", max_size=30),
    st.builds(
        "{} per {} {}".format,
        st.integers(-1),
        st.integers(-1),
        st.sampled_from(["second", "minutes", "year", "fortnight"]),
    ),
)
MOMENTS = st.one_of(
    st.text(),
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
)


@settings(DRAWN, max_examples=300)
@given(name=st.text(), expires=MOMENTS, requests=TEXTS, instances=TEXTS)
def test_an_entry_is_read_or_refused(path: Path, **fields: str) -> None:
    name = fields.pop("name")
    entry = {**KEYS["keys"][0], "client": name, **fields}
    read_key_file(path, json.dumps({"keys": [entry]}).encode())


# The settings


def read_settings(environment: Mapping[str, str]) -> None:
    try:
        found = Settings.from_environment(environment)
    except SettingsError as error:
        check_sentence(error)
        return
    bind = f"{found.host}:{found.port}"
    assert bind.isprintable()
    parse_address(bind)
    for text in (found.rate_limit_requests, found.rate_limit_failures):
        for limit in build_budget("requests", "scoring", parse_limits(text)):
            take(limit)


@settings(DRAWN, max_examples=400)
@example(name="SERVICE_RATE_LIMIT_REQUESTS", text=f"1 per {10**30} years")
@example(name="SERVICE_RATE_LIMIT_REQUESTS", text=f"{10**30}/minute")
@example(name="SERVICE_HOST", text="fe80::1%a\nb")
@given(
    name=st.sampled_from(list(variables())),
    text=st.one_of(TEXTS, st.text(st.characters(exclude_characters="\0"))),
)
def test_a_variable_is_read_or_refused(name: str, text: str) -> None:
    read_settings({name: text})


@settings(DRAWN, max_examples=400)
@given(data=st.data(), name=st.sampled_from(list(variables())))
def test_a_good_variable_that_was_spoilt_is_read_or_refused(
    data: st.DataObject, name: str
) -> None:
    text = ENVIRONMENT.get(name, "20")
    at = data.draw(st.integers(0, len(text)))
    more = data.draw(st.text(max_size=3))
    read_settings({name: text[:at] + more + text[at + data.draw(st.integers(0, 2)) :]})


@settings(DRAWN, max_examples=200)
@given(name=st.text(st.characters(exclude_characters="\0=")))
@example("\n")
@example("PORT\udcff")
def test_an_unknown_variable_is_refused(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({f"SERVICE_{name}": "1"})
    check_sentence(caught.value)


# The artefact


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with a feature of each type, which loads in a moment."""
    count = 24
    X = pd.DataFrame(
        {
            "amount": np.linspace(0, 1, count),
            "years": np.arange(count),
            "home": ["rent", "owner"] * (count // 2),
            "known": [True, False, False] * (count // 3),
            "since": pd.date_range("2024-01-01", periods=count),
        }
    )
    columns = make_column_transformer(
        ("passthrough", ["amount", "years"]),
        (OneHotEncoder(), ["home", "known"]),
        (
            OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
            ["since"],
        ),
    )
    y = X["years"] % 3 > 0
    pipeline = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(X, y)
    to = tmp_path_factory.mktemp("fuzz")
    return package_here(pipeline, X, y, name="small", version="1.0.0", to=to)


@pytest.fixture(scope="module")
def manifest(artefact: Path) -> dict[str, Any]:
    return dict(json.loads((artefact / "manifest.json").read_bytes()))


@pytest.fixture(scope="module")
def copy(artefact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(artefact, tmp_path_factory.mktemp("copy") / "1.0.0"))


def seal(folder: Path, raw: bytes) -> None:
    (folder / "manifest.json").write_bytes(raw)
    digest = hashlib.sha256(raw).hexdigest()
    (folder / "manifest.sha256").write_text(f"{digest}  manifest.json\n")


def serve_artefact(folder: Path) -> None:
    """Do with a folder what a start does, and what it serves of a manifest."""
    try:
        predictor = load_predictor(read_artefact(folder), use_plan=False)
        predictor.prove()
    except ArtefactError as error:
        check_sentence(error)
        return
    manifest = predictor.manifest
    manifest.version.encode("ascii")  # it goes in a header
    json.dumps(describe_api(predictor, Codec(manifest.contract, UNBOUNDED)))
    format_card(manifest, predictor.digest).encode()


@settings(DRAWN, max_examples=400)
@given(data=st.data())
def test_a_manifest_is_read_or_refused(
    manifest: dict[str, Any], data: st.DataObject
) -> None:
    try:
        decode_manifest(data.draw(mutants(manifest)))
    except ArtefactError as error:
        check_sentence(error)


# What a contract says in one place may be odd in another.
WORDS: tuple[Any, ...] = (
    *("number", "integer", "string", "boolean", "date-time", "array", "frame"),
    *("int64", "float32", "datetime64[ns, UTC]", "category", "object", "U3", "bool"),
    *("NA", "NaT", "None", "2024-01-31T09:30:00", "9999-12-31T23:59:59", "owner", ""),
    *(None, True, 0, -1, 0.5, 1e308, 2**63, 10**30, "\u0661.0.0", "a\nb", "\0"),
    *([], {}, [None], [1, "a"], ["rent"], {"dtype": "int8"}),
)


@settings(DRAWN, max_examples=200)
@given(data=st.data(), count=st.integers(1, 2))
def test_a_contract_is_served_or_refused(
    copy: Path, manifest: dict[str, Any], data: st.DataObject, count: int
) -> None:
    """Many are refused when they are read, and the others come to the pipeline."""
    mutated = json.loads(json.dumps(manifest))
    for _ in range(count):
        places = list(iterate_places(mutated["contract"]))
        place, key = places[data.draw(st.integers(0, len(places) - 1))]
        place[key] = deepcopy(data.draw(st.sampled_from(WORDS)))
    seal(copy, json.dumps(mutated).encode())
    serve_artefact(copy)


def iterate_places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each value of a document by what holds it, and some that it leaves out."""
    keys = list(node) if isinstance(node, dict) else range(len(node))
    for key in keys:
        yield node, key
        if isinstance(node[key], dict | list):
            yield from iterate_places(node[key])
    if "storage" in keys:
        for key in ("minimum", "maximum", "default", "required", "categories"):
            yield node, key


@settings(DRAWN, max_examples=40)
@given(data=st.data(), name=st.sampled_from(["golden.json", "sample.json"]))
def test_other_files_are_served_or_refused(
    artefact: Path,
    copy: Path,
    manifest: dict[str, Any],
    name: str,
    data: st.DataObject,
) -> None:
    good = (artefact / name).read_bytes()
    spoilt = data.draw(mutants(json.loads(good)))
    (copy / name).write_bytes(spoilt)
    files = {**manifest["files"], name: hashlib.sha256(spoilt).hexdigest()}
    seal(copy, json.dumps({**manifest, "files": files}).encode())
    serve_artefact(copy)
    (copy / name).write_bytes(good)
