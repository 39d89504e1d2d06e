"""What the page holds for whoever has no key, whatever the model is called."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from flask import Flask
from msgspec.structs import replace as set_fields

from service.model.contract.features import Observed
from service.model.prediction.predictor import Predictor
from service.web.routes.page.model_page import FILES, read_files, render_page
from service.web.routes.page.views import POLICY

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"


class Page(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def predictor(app: Flask) -> Predictor:
    found: Predictor = app.extensions["predictor"]
    return found


def render(predictor: Predictor) -> str:
    return render_page(predictor).plain.body.decode()


def test_the_model_and_its_contract_are_told(predictor: Predictor) -> None:
    page, manifest = Page(render(predictor)), predictor.manifest
    for feature in manifest.contract.features:
        assert feature.name in page.text
        assert feature.description in page.text
    for shown in (manifest.name, manifest.version, manifest.description):
        assert shown in page.text
    assert "18 to 120" in page.text  # valid
    assert "18 to 68" in page.text  # observed


def test_nothing_is_told_that_the_published_document_does_not_tell(
    app: Flask, predictor: Predictor
) -> None:
    html, published = render(predictor), app.test_client().get("/openapi.json").text
    manifest = predictor.manifest
    kept = {
        *(f"{value}" for value in manifest.metrics.values()),
        *manifest.metrics,
        *manifest.libraries,
        *manifest.files.values(),
        predictor.digest,
        manifest.created,
    }
    secret = {each for each in kept if each not in published}
    assert len(secret) > len(manifest.metrics)
    # Python itself is not: it is a language to ask in.
    assert {each for each in secret if each in html} <= {"python"}


def test_the_nulls_of_training_are_not_told(predictor: Predictor) -> None:
    contract = predictor.manifest.contract
    features = tuple(
        set_fields(
            feature,
            observed=set_fields(feature.observed, nulls=0),
        )
        for feature in contract.features
    )
    without = set_fields(
        predictor.manifest, contract=set_fields(contract, features=features)
    )
    assert render(replace(predictor, manifest=without)) == render(predictor)


def test_markup_in_a_manifest_is_shown_as_text(predictor: Predictor) -> None:
    contract = predictor.manifest.contract
    feature = set_fields(
        contract.features[1],
        name=HOSTILE,
        unit=HOSTILE,
        description=HOSTILE,
        observed=Observed(categories=(HOSTILE,)),
    )
    hostile = set_fields(
        predictor.manifest,
        description=HOSTILE,
        contract=set_fields(contract, features=(feature, *contract.features[2:])),
    )
    page = Page(render(replace(predictor, manifest=hostile)))
    scripts = [attributes for tag, attributes in page.elements if tag == "script"]
    assert scripts == [{"type": "module", "src": "page/start.js"}]
    assert "img" not in dict(page.elements)
    [field] = [
        each for _, each in page.elements if each.get("data-control") == "suggestions"
    ][:1]
    assert json.loads(field["data-name"] or "") == HOSTILE
    assert page.text.count(HOSTILE) >= 4


def test_no_style_script_or_address_of_another_lies_in_the_page(
    predictor: Predictor,
) -> None:
    for tag, attributes in Page(render(predictor)).elements:
        assert tag != "style"
        assert not [name for name in attributes if name.startswith(("on", "style"))]
        for name in ("src", "href"):
            target = attributes.get(name) or ""
            assert not target.startswith(("http:", "https:", "//", "/")), target
    for path in FILES.iterdir():
        assert "https:" not in path.read_text()


def test_a_browser_without_scripts_sends_nothing_of_the_form(
    predictor: Predictor,
) -> None:
    """A form that it submits itself would put the key into an address."""
    elements = Page(render(predictor)).elements
    inputs = [each for tag, each in elements if tag in ("input", "select", "textarea")]
    assert len(inputs) > len(predictor.manifest.contract.features)
    assert not any("name" in each for each in inputs)
    assert all("disabled" in each for tag, each in elements if tag == "fieldset")


def test_the_page_and_its_files_are_confined(app: Flask) -> None:
    client = app.test_client()
    assert "unsafe" not in POLICY
    for path in ("/", *(f"/page/{name}" for name in read_files())):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("name", ["model.html", "../views.py", "%2e%2e/views.py", ""])
def test_no_other_file_is_sent(app: Flask, name: str) -> None:
    answer = app.test_client().get(f"/page/{name}")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
