"""The phases of the soak, with each contender in the place of the service."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.client import NotServingError, WrongAnswerError
from benchmarks.ours import Ours
from benchmarks.soak.phases import PHASES
from benchmarks.trial.contenders import PROXIED

FAULTS = ("slow", "deadline", "hung", "overload", "killed", "drain", "rolling")

# One alone is stopped with no other to take its place; two behind nginx are rolled.
ALONE_ONLY, PROXIED_ONLY = "drain", "rolling"


def measure_faults(
    contenders: Sequence[type[Ours]], phases: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return the findings of each contender by phase, or why a phase had no end."""
    return {
        contender.name: {
            phase: _measure_phase(contender, phase)
            for phase in phases
            if phase != (ALONE_ONLY if contender in PROXIED else PROXIED_ONLY)
        }
        for contender in contenders
    }


def _measure_phase(contender: type[Ours], phase: str) -> Any:
    print(f"{phase}: {contender.name} ...", flush=True)
    # The phase brings nginx itself.
    server = PROXIED[contender] if phase == PROXIED_ONLY else contender
    try:
        return [asdict(finding) for finding in PHASES[phase](server())]
    except (NotServingError, OSError, WrongAnswerError) as error:
        if not contender.may_fail:
            raise
        return f"{type(error).__name__}: {error}"
