"""The page of a model, rendered once at the start, and the files that it loads.

It needs no script to be read. What its form and its figures show comes by the routes
that any caller has, with the key of whoever looks at it.
"""

from collections.abc import Mapping
from pathlib import Path

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.model.prediction.predictor import Predictor
from service.web.routes.openapi.assets import JAVASCRIPT, Asset, pack_asset
from service.web.routes.page.commands import VARIABLE, write_curl, write_python
from service.web.routes.page.fields import (
    is_form,
    list_fields,
    shorten_tensors,
    write_json,
)

FILES = Path(__file__).with_name("files")
TEMPLATE = "model.html"

HTML = "text/html; charset=utf-8"
TYPES = {
    ".js": JAVASCRIPT,
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


def render_page(predictor: Predictor) -> Asset:
    """Render the page of a model, with everything in it escaped."""
    manifest, record = predictor.manifest, predictor.golden.records[0]
    instance = shorten_tensors(manifest.contract, record.instance)
    body = write_json({"instances": [instance]})
    environment = Environment(
        loader=FileSystemLoader(FILES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template(TEMPLATE).render(
        name=manifest.name,
        version=manifest.version,
        description=manifest.description,
        contract=manifest.contract,
        form=predictor.form,
        fields=list_fields(manifest.contract, record.instance),
        is_form=is_form(manifest.contract),
        instance=_indent(instance),
        variable=VARIABLE,
        curl=write_curl(body),
        python=write_python(body),
    )
    return pack_asset(html.encode(), HTML)


def _indent(instance: Mapping[str, object]) -> str:
    return orjson.dumps(instance, option=orjson.OPT_INDENT_2).decode()


def read_files() -> Mapping[str, Asset]:
    """Return the files that the page loads, by name."""
    return {
        path.name: pack_asset(path.read_bytes(), TYPES[path.suffix])
        for path in sorted(FILES.iterdir())
        if path.suffix in TYPES
    }
