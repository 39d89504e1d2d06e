"""The dashboard file: what Grafana needs of one, where its import would only warn."""

import json
from itertools import product

from pipelines import ROOT

DASHBOARD = json.loads((ROOT / "deploy/grafana/model-service.json").read_text())
PANELS = DASHBOARD["panels"]
COLUMNS = 24


def test_panels_have_a_title_an_id_and_a_place_of_their_own() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        x, y, w, h = (panel["gridPos"][side] for side in "xywh")
        cells = set(product(range(x, x + w), range(y, y + h)))
        assert x + w <= COLUMNS
        assert not cells & taken, panel["title"]
        taken |= cells


def test_panels_ask_the_prometheus_the_job_and_the_servers_that_are_chosen() -> None:
    chosen = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert chosen == {"datasource", "job", "instance"}
    targets = [target for panel in PANELS for target in panel.get("targets", [])]
    assert targets
    for target in targets:
        assert target["datasource"]["uid"] == "${datasource}"
        assert 'job="$job",instance=~"$instance"' in target["expr"]
