"""The metrics of a service, read as Prometheus reads them."""

import os
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

Series = tuple[str, tuple[tuple[str, str], ...]]


def read_samples(text: str) -> dict[Series, float]:
    """Return every sample by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read_counters(text: str) -> dict[Series, float]:
    """Return the samples that never fall."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if family.type in ("counter", "histogram")
    }


class Scrape:
    """What one scrape says."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = read_samples(text)

    def read(self, name: str, /, **labels: Any) -> float:
        """Return a sample's value, 0 where there is none yet."""
        wanted = tuple(sorted((key, str(value)) for key, value in labels.items()))
        return self.samples.get((name, wanted), 0)


def find_folder(process: int) -> Path:
    """Return the folder in which a running master and its workers count."""
    held = (os.readlink(fd) for fd in Path(f"/proc/{process}/fd").iterdir())
    return Path(next(path for path in held if path.endswith(".server")))
