"""Placeholders for plotting libraries that a module imports and does not predict with.

A module imports all that it names, and a service has no use for matplotlib. What plots
is called in vain, and whatever would take a value from there raises an error: an answer
cannot come out differently, only not at all.
"""

import builtins
from collections.abc import Sequence
from types import ModuleType
from typing import Any

# What draws or shows, and returns nothing that a prediction is made of.
PLOTTING = frozenset(
    ["IPython", "altair", "bokeh", "matplotlib", "plotly", "plotnine", "seaborn"]
)


class PlaceholderError(Exception):
    """A value was wanted of a library that is left out of the artefact."""


class Placeholder:
    """Stands for a library, or for anything in it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> "Placeholder":
        if name.startswith("__"):
            raise AttributeError(name)
        return Placeholder(f"{self._name}.{name}")

    def __call__(self, *_: Any, **__: Any) -> "Placeholder":
        return self

    def __getitem__(self, _: Any) -> "Placeholder":
        return self

    def __setitem__(self, *_: Any) -> None:
        """Set nothing."""

    def __enter__(self) -> "Placeholder":
        return self

    def __exit__(self, *_: object) -> None:
        """Leave, and let an error through."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise PlaceholderError(
            f"The artefact was packaged without {self._name.partition('.')[0]}, and a"
            f" value of {self._name} is wanted."
        )

    __bool__ = __iter__ = __len__ = __float__ = __int__ = __index__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __array__ = __str__ = __lt__ = __gt__ = __le__ = __ge__ = _refuse
    # As a key, too, which a look-up would not find, in silence.
    __eq__ = __ne__ = __hash__ = __contains__ = _refuse


def bind_placeholders(module: ModuleType, left_out: Sequence[str]) -> None:
    """Let a module's own imports of some libraries give placeholders.

    Other modules import the real ones, where these are installed.
    """
    if not left_out:
        return

    def import_or_hold(name: str, *rest: Any, **options: Any) -> Any:
        root = name.partition(".")[0]
        level = options.get("level", rest[3] if len(rest) > 3 else 0)
        if root in left_out and not level:
            names = options.get("fromlist", rest[2] if len(rest) > 2 else ())
            return Placeholder(name if names else root)
        return builtins.__import__(name, *rest, **options)

    vars(module)["__builtins__"] = {**vars(builtins), "__import__": import_or_hold}
