"""What of a pipeline goes into an artefact: its pickle, its code, its libraries."""

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


class Contents(NamedTuple):
    """The pickle and the code, the libraries that they need, and those they do not."""

    pickled: PickledPipeline
    code: TravellingCode
    libraries: list[str]
    left_out: tuple[str, ...]

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
        libraries = find_libraries(self.pickled.modules, self.code)
        return self._replace(libraries=libraries, left_out=())


def collect_contents(pipeline: Any, code: CodeItem | Iterable[CodeItem]) -> Contents:
    """Pickle a pipeline, and collect what it imports. Raises PackagingError."""
    pickled, travelling = pickle_pipeline(pipeline), collect_code(code)
    left_out = find_plotting(pickled.modules, travelling)
    libraries = find_libraries(pickled.modules, travelling, left_out)
    return Contents(pickled, travelling, libraries, left_out)
