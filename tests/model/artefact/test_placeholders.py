"""What stands for a plotting library plots nothing, and gives no value."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from service.model.artefact.placeholders import (
    Placeholder,
    PlaceholderError,
    bind_placeholders,
)

PLOT = Placeholder("matplotlib.pyplot")


def test_what_plots_is_called_in_vain() -> None:
    PLOT.rcParams["figure.figsize"] = (4, 3)
    with PLOT.style.context("ggplot") as style:
        style.plot([1, 2]).set_title("t")


USES: list[Callable[[Any], Any]] = [
    *(bool, float, int, str, list, len, hash, np.asarray, "{}".format, {}.get),
    *(lambda p: p + 1, lambda p: 2 * p, lambda p: p == "Agg", lambda p: p != 1),
    *(lambda p: p < 1, lambda p: 1 in p, lambda p: [1, 2][p]),
]


@pytest.mark.parametrize("use", USES)
def test_a_value_of_it_raises_an_error(use: Any) -> None:
    with pytest.raises(PlaceholderError, match="without matplotlib"):
        use(PLOT.cm.viridis(0.5))


def test_only_a_bound_modules_own_imports_give_placeholders() -> None:
    source = (
        "import json.decoder as a, os.path\nfrom json import loads as b\nimport json"
    )
    bound, free = ModuleType("bound"), ModuleType("free")
    bind_placeholders(bound, ["json"])
    bind_placeholders(free, [])
    for module in (bound, free):
        exec(source, vars(module))
    assert all(
        isinstance(vars(bound)[name], Placeholder) for name in ("a", "b", "json")
    )
    assert bound.os.path.join("a", "b") == free.os.path.join("a", "b")
    assert free.b("1") == 1
