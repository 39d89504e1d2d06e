"""The metrics of a server, by name and labels."""

from collections import defaultdict
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


class Samples:
    """What one scrape of a server says. Raises ValueError for what is no metrics."""

    def __init__(self, text: str) -> None:
        self._by_name: dict[str, list[Sample]] = defaultdict(list)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._by_name[sample.name].append(sample)

    def has(self, name: str) -> bool:
        return name in self._by_name

    def find(self, name: str, **labels: str) -> Iterator[Sample]:
        """Yield the samples of a name that have these labels, among others."""
        for sample in self._by_name.get(name, ()):
            if labels.items() <= sample.labels.items():
                yield sample

    def sum(self, name: str, **labels: str) -> float:
        return sum(sample.value for sample in self.find(name, **labels))

    def group(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """Return the sums by the values of a label, without those that are 0."""
        sums: dict[str, float] = defaultdict(float)
        for sample in self.find(name, **labels):
            sums[sample.labels.get(label, "")] += sample.value
        return {value: total for value, total in sums.items() if total}
