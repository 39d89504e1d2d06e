"""What the manual shows of networks runs as it is shown."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pipelines import ROOT

from service.model.artefact.folder import read_artefact

BLOCKS = re.findall(
    r"^```python\n(.*?)^```$",
    (ROOT / "docs/runtimes.md").read_text(),
    re.DOTALL | re.MULTILINE,
)

NET = """
from torch import nn

class ChurnNet(nn.Linear):
    def __init__(self):
        super().__init__(3, 2)
"""


@pytest.mark.parametrize(
    ("framework", "call"),
    [("torch", "from_torch(module,"), ("tensorflow", "from_keras(model)")],
)
def test_a_network_is_packaged_as_shown(
    framework: str, call: str, tmp_path: Path
) -> None:
    pytest.importorskip(framework, reason="make test-frameworks has it")
    [script] = [block for block in BLOCKS if call in block]
    table = pd.DataFrame(np.random.default_rng(0).random((50, 3)), columns=[*"abc"])
    table.to_csv(tmp_path / "churn.csv", index=False)
    (tmp_path / "churn_net.py").write_text(NET)
    subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )
    manifest = read_artefact(tmp_path / "artefacts/churn/1.0.0").manifest
    assert manifest.names == ("stays", "leaves")
