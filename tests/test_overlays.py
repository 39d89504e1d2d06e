"""deploy/kubernetes/overlays: what refers to something finds it."""

import copy
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

import pytest
from foreign_kinds import FOREIGN, find_faults
from manifests import (
    FOLDER,
    OVERLAYS,
    Json,
    Manifests,
    find_templates,
    name_manifests,
    render_manifests,
)
from pipelines import ROOT
from pod_security import find_violations

from service.cli.main import build_parser
from service.update.judge import Verdict
from service.update.verdicts import PATH

NAME = "model-service"
VERSION = "1.37"
CANARY, ARGO, BLUE, GREEN = OVERLAYS


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files that the overlays are in."""
    folder = tmp_path_factory.mktemp("overlays")
    paths = {name: folder / f"{name.replace('/', '-')}.yaml" for name in OVERLAYS}
    for name, path in paths.items():
        render_manifests(path, FOLDER / name)
    return paths


@pytest.fixture(scope="module")
def overlays(rendered: dict[str, Path]) -> dict[str, Manifests]:
    """The manifests of each overlay, by kind and name."""
    return {
        name: name_manifests(render_manifests(path, FOLDER / name))
        for name, path in rendered.items()
    }


@pytest.fixture(params=OVERLAYS)
def manifests(overlays: dict[str, Manifests], request: pytest.FixtureRequest) -> Any:
    """The manifests of one overlay."""
    return overlays[request.param]


def list_kind(manifests: Manifests, kind: str) -> list[Json]:
    return [each for each in manifests.values() if each["kind"] == kind]


def list_pods(manifests: Manifests) -> list[Json]:
    """Return the labels that pods may have: a Rollout adds its own to some."""
    labels = [each["metadata"]["labels"] for each in find_templates(manifests).values()]
    for rollout in list_kind(manifests, "Rollout"):
        work = manifests[f"Deployment/{rollout['spec']['workloadRef']['name']}"]
        own = work["spec"]["template"]["metadata"]["labels"]
        canary = rollout["spec"]["strategy"]["canary"]
        labels += [
            own | canary[each]["labels"]
            for each in ("stableMetadata", "canaryMetadata")
        ]
    return labels


def is_selected(selector: Json, labels: Json) -> bool:
    return bool(selector) and selector.items() <= labels.items()


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_manifest_of_kubernetes_keeps_its_schema(
    rendered: dict[str, Path], overlays: dict[str, Manifests], name: str
) -> None:
    command = [sys.executable, "-m", "kubernetes_validate", "--strict", "-k", VERSION]
    done = subprocess.run(
        [*command, rendered[name]], capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    assert len(lines) == len(overlays[name]), done.stderr
    unknown = [line for line in lines if " passed " not in line]
    kinds = {kind for line in unknown for kind in re.findall(r"kind (\w+)", line)}
    assert kinds <= {*FOREIGN, "ServiceMonitor"}
    assert done.returncode == 0


def test_every_manifest_of_others_keeps_its_schema(manifests: Manifests) -> None:
    for kind in FOREIGN:
        for manifest in list_kind(manifests, kind):
            assert find_faults(manifest) == []


def test_every_pod_is_restricted(manifests: Manifests) -> None:
    for template in find_templates(manifests).values():
        pod = template["spec"]
        assert find_violations(pod) == []
        assert pod["enableServiceLinks"] is False
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert container["image"].count(":") == 1


def test_every_selector_finds_pods(manifests: Manifests) -> None:
    pods = list_pods(manifests)
    selectors = [each["spec"]["selector"] for each in list_kind(manifests, "Service")]
    for kind in ("PodDisruptionBudget", "Deployment", "Rollout"):
        found = list_kind(manifests, kind)
        selectors += [each["spec"]["selector"]["matchLabels"] for each in found]
    policies = list_kind(manifests, "NetworkPolicy")
    for policy in policies:
        selectors.append(policy["spec"]["podSelector"]["matchLabels"])
    for selector in selectors:
        assert any(is_selected(selector, labels) for labels in pods), selector
    guarded = [each["spec"]["podSelector"]["matchLabels"] for each in policies]
    for labels in pods:
        assert any(is_selected(each, labels) for each in guarded), labels


def test_every_name_is_of_something(manifests: Manifests) -> None:
    for scaler in list_kind(manifests, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        found = manifests[f"{target['kind']}/{target['name']}"]
        assert found["apiVersion"] == target["apiVersion"]
    configs = {each["metadata"]["name"] for each in list_kind(manifests, "ConfigMap")}
    commands = (ROOT / "docs/deployment.md").read_text()
    for template in find_templates(manifests).values():
        pod = template["spec"]
        for container in pod["containers"]:
            sources = container.get("envFrom", ())
            assert {each["configMapRef"]["name"] for each in sources} <= configs
        for volume in pod.get("volumes", ()):
            if "secret" in volume:
                assert f"generic {volume['secret']['secretName']} --from" in commands


def test_a_route_divides_a_hundred_percent(manifests: Manifests) -> None:
    for route in list_kind(manifests, "HTTPRoute"):
        [rule] = route["spec"]["rules"]
        for backend in rule["backendRefs"]:
            [port] = manifests[f"Service/{backend['name']}"]["spec"]["ports"]
            assert backend["port"] == port["port"]
        weights = [backend["weight"] for backend in rule["backendRefs"]]
        assert (len(weights), sum(weights)) == (2, 100)


def test_a_second_version_differs_by_its_name_and_its_image(
    overlays: dict[str, Manifests],
) -> None:
    for name, suffix in ((CANARY, "canary"), (BLUE, "green")):
        found = overlays[name]
        pods = [
            copy.deepcopy(found[f"Deployment/{each}"]["spec"]["template"]["spec"])
            for each in (NAME, f"{NAME}-{suffix}")
        ]
        images = [pod["containers"][0].pop("image") for pod in pods]
        assert images == ["credit-risk:1.0.0", "credit-risk:1.1.0"]
        for pod in pods:
            for spread in pod["topologySpreadConstraints"]:
                del spread["labelSelector"]
        assert pods[0] == pods[1]


def test_two_colours_differ_by_one_selector(overlays: dict[str, Manifests]) -> None:
    blue, green = copy.deepcopy(overlays[BLUE]), copy.deepcopy(overlays[GREEN])
    selectors = [
        each[f"Service/{NAME}"]["spec"].pop("selector") for each in (blue, green)
    ]
    assert blue == green
    for selector, colour in zip(selectors, ("blue", "green"), strict=True):
        assert selector == blue[f"Service/{NAME}-{colour}"]["spec"]["selector"]


@pytest.mark.parametrize(
    ("overlay", "place"), [(CANARY, "CronJob/judge"), (ARGO, "Deployment/judge")]
)
def test_a_judge_reads_every_replica(
    overlays: dict[str, Manifests], overlay: str, place: str
) -> None:
    manifests = overlays[overlay]
    pod = find_templates(manifests)[place]["spec"]
    [container] = pod["containers"]
    assert container["command"] == ["python", "-m", "service", "judge"]
    options = build_parser().parse_args(["judge", *container["args"]])
    assert options.resolve
    model = find_templates(manifests)[f"Deployment/{NAME}"]["spec"]["containers"][0]
    assert container["image"] == model["image"]
    for arm in ("stable", "canary"):
        [url] = map(urlsplit, getattr(options, arm))
        service = manifests[f"Service/{url.hostname}"]["spec"]
        assert service["clusterIP"] == "None"
        assert service["selector"]["role"] == arm
        # The port of a pod: no Service of its own stands between.
        assert url.port == model["ports"][0]["containerPort"]
    [volume] = pod["volumes"]
    [mount] = container["volumeMounts"]
    name = volume["secret"]["secretName"]
    assert str(options.key_file) == f"{mount['mountPath']}/{name}"
    commands = (ROOT / "docs/deployment.md").read_text()
    assert f"generic {name} --from-file={name}\n" in commands


def test_a_rollout_asks_the_judge_at_each_weight(
    overlays: dict[str, Manifests],
) -> None:
    manifests = overlays[ARGO]
    spec = manifests[f"Rollout/{NAME}"]["spec"]
    canary = spec["strategy"]["canary"]
    assert manifests[f"Service/{canary['stableService']}"]
    assert manifests[f"Service/{canary['canaryService']}"]
    [(plugin, routing)] = canary["trafficRouting"]["plugins"].items()
    assert plugin == "argoproj-labs/gatewayAPI"
    route = manifests[f"HTTPRoute/{routing['httpRoute']}"]
    assert routing["namespace"] == route["metadata"]["namespace"]
    backends = [each["name"] for each in route["spec"]["rules"][0]["backendRefs"]]
    assert backends == [canary["stableService"], canary["canaryService"]]
    weights = []
    steps = iter(canary["steps"])
    for step, asked in zip(steps, steps, strict=True):
        weights.append(step["setWeight"])
        [reference] = asked["analysis"]["templates"]
        template = manifests[f"AnalysisTemplate/{reference['templateName']}"]
        given = {each["name"]: each["value"] for each in asked["analysis"]["args"]}
        assert given == {"weight": str(step["setWeight"])}
        assert given.keys() == {each["name"] for each in template["spec"]["args"]}
    assert weights == [5, 25, 50]


def test_undecided_meets_neither_condition(overlays: dict[str, Manifests]) -> None:
    manifests = overlays[ARGO]
    [metric] = manifests["AnalysisTemplate/judge"]["spec"]["metrics"]
    conditions = [metric[f"{each}Condition"] for each in ("success", "failure")]
    verdicts: list[str] = [c.removeprefix("result == ").strip('"') for c in conditions]
    assert verdicts == ["promote", "roll back"]
    assert {*get_args(Verdict)} - {*verdicts} == {"undecided"}
    # All looks but one may be undecided: where all are, the metric is inconclusive.
    assert metric["count"] == metric["inconclusiveLimit"] + 1
    assert metric["failureLimit"] == 0
    asked = metric["provider"]["web"]
    assert asked["jsonPath"] == "{$.verdict}"
    url = urlsplit(asked["url"])
    assert url.path == PATH
    assert parse_qs(url.query) == {"weight": ["{{args.weight}}"]}
    name, namespace = str(url.hostname).split(".")
    service = manifests[f"Service/{name}"]
    assert service["metadata"]["namespace"] == namespace
    [port] = service["spec"]["ports"]
    [container] = find_templates(manifests)["Deployment/judge"]["spec"]["containers"]
    [own] = container["ports"]
    assert (port["port"], port["targetPort"]) == (80, own["name"])
    assert f"--listen={own['containerPort']}" in container["args"]


def read_commands() -> list[list[str]]:
    manual = (ROOT / "docs/updates.md").read_text()
    blocks = re.findall(r"^```shell\n(.*?)^```", manual, re.M | re.S)
    lines = "".join(blocks).replace("\\\n", "").splitlines()
    return [shlex.split(line) for line in lines if line.startswith("kubectl")]


def test_the_commands_of_the_manual_name_what_there_is(
    overlays: dict[str, Manifests],
) -> None:
    known = {name.lower() for manifests in overlays.values() for name in manifests} | {
        "job/judge-5"
    }
    applied = set()
    for command in read_commands():
        for word in command:
            if re.fullmatch(r"[a-z]+/[a-z0-9-]+", word):
                assert word in known, word
        if command[1] == "apply":
            applied.add(command[-1].removeprefix("deploy/kubernetes/"))
        if "job" in command:
            assert "--from=cronjob/judge" in command
            assert "CronJob/judge" in overlays[CANARY]
        if "httproute" in command:
            check_weights(overlays[CANARY], command)
    assert applied == {*OVERLAYS}


def check_weights(manifests: Manifests, command: list[str]) -> None:
    """Hold a command that changes weights against the route."""
    route = manifests[f"HTTPRoute/{command[command.index('httproute') + 1]}"]
    weights = []
    for change in json.loads(command[-1]):
        assert change["op"] == "replace"
        place: Any = route
        for step in change["path"].strip("/").split("/"):
            place = place[int(step) if step.isdigit() else step]
        assert isinstance(place, int)
        weights.append(change["value"])
    assert sum(weights) == 100


@pytest.mark.parametrize(
    ("place", "path", "value"),
    [
        ("Rollout/model-service", "spec.strategy.canary.steps.0.setWeight", 101),
        ("Rollout/model-service", "spec.strategy.canary.steps.0.weight", 5),
        ("Rollout/model-service", "spec.strategy.canary.trafficRoute", {}),
        ("Rollout/model-service", "spec.workloadRef.kind", "StatefulSet"),
        ("AnalysisTemplate/judge", "spec.metrics.0.interval", "30"),
        ("AnalysisTemplate/judge", "spec.metrics.0.provider.web.jsonpath", "{$.a}"),
        ("AnalysisTemplate/judge", "spec.metrics.0.provider.job", {}),
        ("HTTPRoute/model-service", "spec.rules.0.backendRefs.0.weight", "5"),
        ("HTTPRoute/model-service", "spec.rules.0.sessionPersistence", {}),
        ("HTTPRoute/model-service", "apiVersion", "gateway.networking.k8s.io/v1beta1"),
    ],
)
def test_a_manifest_of_others_that_is_wrong_is_found_out(
    overlays: dict[str, Manifests], place: str, path: str, value: Any
) -> None:
    manifest = copy.deepcopy(overlays[ARGO][place])
    assert find_faults(manifest) == []
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    found: Any = manifest
    for step in way:
        found = found[step]
    found[last] = value
    assert find_faults(manifest)
