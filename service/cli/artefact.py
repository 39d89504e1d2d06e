"""python -m service check, and inspect: one artefact, proved or shown."""

import argparse
from pathlib import Path

from service.model.artefact.card import format_card
from service.model.artefact.folder import read_artefact
from service.model.loading import load_predictor
from service.model.prediction.engine import Engine


def add_artefact_commands(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    for name, run, purpose in (
        ("check", check_artefact, "verify and prove an artefact"),
        ("inspect", inspect_artefact, "print the card of a model"),
    ):
        command = commands.add_parser(name, help=purpose)
        command.add_argument("artefact", type=Path)
        command.set_defaults(run=run)


def check_artefact(options: argparse.Namespace) -> None:
    """Verify, load and prove as a start of the service does, a line for each step."""
    artefact = read_artefact(options.artefact)
    manifest = artefact.manifest
    print(f"ok    {manifest.name} {manifest.version}: {len(manifest.files)} digests")
    print(f"ok    {len(manifest.libraries)} library versions")
    predictor = load_predictor(artefact)
    print(f"ok    the pipeline loads; {describe_engine(predictor.engine)}")
    predictor.prove()
    print(f"ok    {len(predictor.golden.records)} golden records reproduced")


def describe_engine(engine: Engine) -> str:
    """Return what answers, and the reason where that is not a plan."""
    if engine.name != "plan":
        return f"{engine.name} answers: {engine.reason}"
    steps = ", ".join(engine.uncompiled_steps)
    but = f", but for {steps}" if steps else ""
    return f"its plan agrees with scikit-learn to {engine.difference:.1g}{but}"


def inspect_artefact(options: argparse.Namespace) -> None:
    """Print the card of a model for a person."""
    artefact = read_artefact(options.artefact)
    print(format_card(artefact.manifest, artefact.digest), end="")
