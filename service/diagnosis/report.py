"""All that was found, as text and as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from service.diagnosis.finding import Finding
from service.diagnosis.latency import StageTime
from service.model.errors import write_line
from service.model.plan.costs import StepCost
from service.model.prediction.engine import Engine


@dataclass(frozen=True)
class Report:
    """What was found of an artefact or a server, and the figures behind it.

    `steps` are those of an artefact, `stages` and `refused` those of a server.
    """

    about: str
    findings: tuple[Finding, ...] = ()
    engine: Engine | None = None
    steps: tuple[StepCost, ...] = ()
    stages: tuple[StageTime, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_wrong(self) -> bool:
        return any(finding.level == "wrong" for finding in self.findings)

    def describe(self) -> dict[str, Any]:
        """Return it as it stands in JSON."""
        return {"is_wrong": self.is_wrong, **asdict(self)}

    def iterate_lines(self) -> Iterator[str]:
        """Yield it as a person reads it, what is wrong first."""
        yield write_line(self.about)
        for finding in sorted(self.findings, key=lambda each: each.level != "wrong"):
            sentence = write_line(finding.sentence)  # whatever a server has said
            yield f"{finding.level:6}  {finding.subject}: {sentence}"
        if not self.findings:
            yield "ok      nothing is wrong"
        if self.engine is not None:
            yield from _describe_engine(self.engine)
        yield from _list_steps(self.steps)
        yield from _list_stages(self.stages)
        if self.refused:
            told = ", ".join(f"{name} {n}" for name, n in self.refused.items())
            yield f"refused requests: {told}"


def _describe_engine(engine: Engine) -> Iterator[str]:
    yield (
        f"answered by: {engine.name}, a row in {engine.microseconds_alone:,.1f}"
        f" microseconds, of sixteen in {engine.microseconds_of_sixteen:,.1f}"
    )


def _list_steps(steps: tuple[StepCost, ...]) -> Iterator[str]:
    if not steps:
        return
    names = [_name_step(step) for step in steps]
    width = max(map(len, names))
    yield f"{'STEP (microseconds)':{width}}  {'1 ROW':>9}  {'1,000 ROWS':>12}"
    for name, step in zip(names, steps, strict=True):
        itself = "" if step.is_compiled else "  as itself"
        yield (
            f"{name:{width}}  {step.microseconds_alone:9,.1f}"
            f"  {step.microseconds_of_thousand:12,.1f}{itself}"
        )


def _name_step(step: StepCost) -> str:
    """Return the name of a step, further in the deeper it lies."""
    *above, name = step.path.split("__")
    indent = "  " * (len(above) + bool(name))
    return f"{indent}{name}: {step.type}" if name else step.type


def _list_stages(stages: tuple[StageTime, ...]) -> Iterator[str]:
    if not stages:
        return
    heads = f"{'COUNT':>10}  {'MEAN':>10}  {'99 % BELOW':>12}"
    yield f"{'STAGE (microseconds)':20}  {heads}"
    for each in stages:
        yield (
            f"{each.stage:20}  {each.count:10,}  {each.mean_microseconds:10,.1f}"
            f"  {each.p99_microseconds:12,.1f}"
        )
