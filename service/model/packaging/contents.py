"""What of a pipeline goes into an artefact: its pickle, networks, code, libraries."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from service.model.packaging.code import (
    CodeItem,
    TravellingCode,
    collect_code,
    find_libraries,
    find_plotting,
)
from service.model.packaging.pickling import PickledPipeline, pickle_pipeline
from service.model.runtimes.network_file import NetworkFile

NETWORKS = "networks"


class Contents(NamedTuple):
    """The pickle and the code, the libraries that they need, and those they do not.

    `networks` are by their places in the artefact.
    """

    pickled: PickledPipeline
    code: TravellingCode
    libraries: list[str]
    left_out: tuple[str, ...]
    networks: dict[str, NetworkFile]

    def iterate_notes(self) -> Iterator[str]:
        """Yield a line for what travels without being named."""
        if self.pickled.embedded:
            names = ", ".join(self.pickled.embedded)
            yield f"taken by value from the training script: {names}"
        if self.code.added:
            yield f"imported by code=, and travelling too: {', '.join(self.code.added)}"
        if self.code.data:
            yield f"read by code=, and travelling too: {', '.join(self.code.data)}"

    def leave_nothing_out(self) -> "Contents":
        """Return the same with every library that is imported."""
        libraries = _list_libraries(self.pickled, self.code)
        return self._replace(libraries=libraries, left_out=())


def collect_contents(pipeline: Any, code: CodeItem | Iterable[CodeItem]) -> Contents:
    """Pickle a pipeline, and collect what it imports. Raises PackagingError."""
    pickled, travelling = pickle_pipeline(pipeline), collect_code(code)
    left_out = find_plotting(pickled.modules, travelling)
    libraries = _list_libraries(pickled, travelling, left_out)
    networks = _place_networks(pickled.networks)
    return Contents(pickled, travelling, libraries, left_out, networks)


def _list_libraries(
    pickled: PickledPipeline, code: TravellingCode, left_out: Iterable[str] = ()
) -> list[str]:
    """Return the libraries that are imported, and those that run the networks."""
    imported = find_libraries(pickled.modules, code, left_out)
    return sorted({*imported, *(each.kind.library for each in pickled.networks)})


def _place_networks(networks: Iterable[NetworkFile]) -> dict[str, NetworkFile]:
    """Return networks by their places: their names, where these differ."""
    places: dict[str, NetworkFile] = {}
    for network in networks:
        name = re.sub(r"[^\w.-]", "_", network.name, flags=re.ASCII)
        if f"{NETWORKS}/{name}" in places:
            name = f"{network.digest[:16]}-{name}"
        places[f"{NETWORKS}/{name}"] = network
    return places
