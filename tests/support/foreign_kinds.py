"""What manifests of Argo Rollouts and the Gateway API may say, as a JSON Schema.

No package has the published schemas in a form that tells an unknown field, so what the
overlays use is held against the documentation:
https://argo-rollouts.readthedocs.io/en/stable/features/specification/
https://argo-rollouts.readthedocs.io/en/stable/features/analysis/
https://github.com/argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi
https://gateway-api.sigs.k8s.io/reference/spec/
"""

from typing import Any

import jsonschema
from manifests import Json


def _hold(*required: str, **properties: Any) -> Json:
    """Return the schema of an object that has no other fields."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _list(item: Json, most: int = 2**31) -> Json:
    return {"type": "array", "items": item, "minItems": 1, "maxItems": most}


def _manifest(version: str, spec: Json) -> Json:
    names = _hold("name", name=NAME, namespace=NAME, labels=LABELS)
    return _hold(
        *("apiVersion", "kind", "metadata", "spec"),
        apiVersion={"const": version},
        kind=NAME,
        metadata=names,
        spec=spec,
    )


NAME = {"type": "string", "minLength": 1, "maxLength": 253}
LABELS = {"type": "object", "additionalProperties": {"type": "string"}}
COUNT = {"type": "integer", "minimum": 0}
PERCENT = {"type": "integer", "minimum": 0, "maximum": 100}
DURATION = {"type": "string", "pattern": r"^\d+(s|m|h)$"}
CONDITION = {"type": "string", "pattern": "result"}
AMOUNT = {"anyOf": [COUNT, {"type": "string", "pattern": r"^\d+%$"}]}

ANALYSIS = _hold(
    "templates",
    templates=_list(_hold("templateName", templateName=NAME)),
    args=_list(_hold("name", name=NAME, value={"type": "string"})),
)
# A step does one thing.
STEP = {
    "oneOf": [
        _hold("setWeight", setWeight=PERCENT),
        _hold("analysis", analysis=ANALYSIS),
        _hold("pause", pause=_hold(duration=DURATION)),
    ]
}
ROUTING = _hold(
    "plugins",
    plugins={
        "type": "object",
        "properties": {
            "argoproj-labs/gatewayAPI": _hold(
                "httpRoute", httpRoute=NAME, namespace=NAME
            )
        },
        "additionalProperties": False,
        "minProperties": 1,
    },
)
CANARY = _hold(
    *("stableService", "canaryService", "trafficRouting", "steps"),
    stableService=NAME,
    canaryService=NAME,
    stableMetadata=_hold("labels", labels=LABELS),
    canaryMetadata=_hold("labels", labels=LABELS),
    trafficRouting=ROUTING,
    maxSurge=AMOUNT,
    maxUnavailable=AMOUNT,
    minPodsPerReplicaSet=COUNT,
    steps=_list(STEP),
)
ROLLOUT = _hold(
    *("selector", "workloadRef", "strategy"),
    selector=_hold("matchLabels", matchLabels=LABELS),
    workloadRef=_hold(
        *("apiVersion", "kind", "name"),
        apiVersion={"const": "apps/v1"},
        kind={"const": "Deployment"},
        name=NAME,
        scaleDown={"enum": ["never", "onsuccess", "progressively"]},
    ),
    strategy=_hold("canary", canary=CANARY),
)
WEB = _hold(
    "url",
    url={"type": "string", "pattern": "^https?://"},
    jsonPath={"type": "string", "pattern": r"^\{\$\..+\}$"},
    timeoutSeconds=COUNT,
)
METRIC = _hold(
    *("name", "provider"),
    name=NAME,
    initialDelay=DURATION,
    interval=DURATION,
    count=COUNT,
    successCondition=CONDITION,
    failureCondition=CONDITION,
    failureLimit=COUNT,
    inconclusiveLimit=COUNT,
    provider=_hold("web", web=WEB),
)
TEMPLATE = _hold(
    "metrics",
    args=_list(_hold("name", name=NAME, value={"type": "string"})),
    metrics=_list(METRIC),
)
BACKEND = _hold(
    *("name", "port"),
    name=NAME,
    port={"type": "integer", "minimum": 1, "maximum": 65535},
    weight={"type": "integer", "minimum": 0, "maximum": 1_000_000},
)
ROUTE = _hold(
    *("parentRefs", "rules"),
    parentRefs=_list(_hold("name", name=NAME, namespace=NAME), 32),
    hostnames=_list(NAME, 16),
    rules=_list(_hold("backendRefs", backendRefs=_list(BACKEND, 16)), 16),
)

FOREIGN = {
    "Rollout": _manifest("argoproj.io/v1alpha1", ROLLOUT),
    "AnalysisTemplate": _manifest("argoproj.io/v1alpha1", TEMPLATE),
    "HTTPRoute": _manifest("gateway.networking.k8s.io/v1", ROUTE),
}


def find_faults(manifest: Json) -> list[str]:
    """Return where a manifest says what its kind does not take."""
    schema = jsonschema.Draft202012Validator(FOREIGN[manifest["kind"]])
    return [f"{e.json_path}: {e.message}" for e in schema.iter_errors(manifest)]
