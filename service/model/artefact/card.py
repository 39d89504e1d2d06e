"""The card of a model, made from its manifest alone, as Markdown."""

from collections.abc import Iterator

from service.model.artefact.manifest import Manifest
from service.model.contract.features import Feature
from service.model.contract.nested_lists import write_shape


def format_card(manifest: Manifest, digest: str) -> str:
    """Return the card of a version for a person to read."""
    return "\n".join(_iterate_lines(manifest, digest)) + "\n"


def _iterate_lines(manifest: Manifest, digest: str) -> Iterator[str]:
    yield f"# {manifest.name} {manifest.version}"
    if manifest.description:
        yield f"\n{manifest.description}"
    yield f"\n{manifest.task}: {', '.join(manifest.names)}"
    yield f"packaged {manifest.created}, manifest SHA-256 {digest}"
    if manifest.metrics:
        yield "\n## Measured in training\n"
        yield from (
            f"- {name}: {value:.6g}" for name, value in manifest.metrics.items()
        )
    yield "\n## Features\n"
    yield "| name | type | null | valid | observed | unit | description |"
    yield "|---|---|---|---|---|---|---|"
    yield from (_format_feature(feature) for feature in manifest.contract.features)
    yield f"\nUnknown fields: {manifest.contract.unknown_fields}."
    yield "\n## Libraries\n"
    yield from (f"- {name} {v}" for name, v in manifest.libraries.items())
    if manifest.code:
        yield f"\nModules that travel along: {', '.join(manifest.code)}."
    if manifest.left_out:
        yield f"\nImported by these and left out: {', '.join(manifest.left_out)}."
    if manifest.embedded:
        yield f"\nBy value from the training script: {', '.join(manifest.embedded)}."


def _format_feature(feature: Feature) -> str:
    observed = feature.observed
    cells = [
        feature.name,
        _format_type(feature) + ("" if feature.required else f" = {feature.default}"),
        "yes" if feature.nullable else "no",
        _format_values(feature.categories, feature.minimum, feature.maximum),
        _format_values(observed.categories, observed.minimum, observed.maximum),
        feature.unit,
        feature.description,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _format_type(feature: Feature) -> str:
    if feature.shape is None:
        return feature.type
    shape = write_shape(feature.shape, feature.dimensions)
    return f"tensor {feature.storage.dtype} {shape}".rstrip()


def _format_values(categories: object, low: object, high: object) -> str:
    if isinstance(categories, tuple):
        shown = ", ".join(str(category) for category in categories[:8])
        return shown + (", ..." if len(categories) > 8 else "")
    if low is None and high is None:
        return "any"
    return f"{'' if low is None else low} to {'' if high is None else high}".strip()
