"""The restricted profile of Kubernetes' Pod Security Standards, as a JSON Schema.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from typing import Any

import jsonschema
from manifests import Json

VOLUMES = (
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"),
    *("persistentVolumeClaim", "projected", "secret"),
)
SYSCTLS = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
)
SELINUX_TYPES = ("container_t", "container_init_t", "container_kvm_t", "")


def _hold(required: tuple[str, ...] = (), **properties: Any) -> Json:
    return {"properties": properties, "required": list(required)}


NO = {"enum": [False]}
PROFILE = _hold(type={"enum": ["RuntimeDefault", "Localhost"]})
COMMON = {
    "runAsUser": {"not": {"const": 0}},
    "seccompProfile": PROFILE,
    "appArmorProfile": PROFILE,
    "seLinuxOptions": {
        **_hold(type={"enum": SELINUX_TYPES}),
        "propertyNames": {"enum": ["type", "level"]},
    },
    "windowsOptions": _hold(hostProcess=NO),
}
CAPABILITIES = _hold(
    ("drop",),
    add={"items": {"const": "NET_BIND_SERVICE"}},
    drop={"contains": {"const": "ALL"}},
)
PROBE = {"additionalProperties": {"properties": {"host": False}}}
CONTAINER = _hold(
    ("securityContext",),
    securityContext=_hold(
        ("allowPrivilegeEscalation", "capabilities"),
        **COMMON,
        allowPrivilegeEscalation=NO,
        capabilities=CAPABILITIES,
        privileged=NO,
        procMount={"const": "Default"},
        runAsNonRoot={"const": True},
    ),
    ports={"items": _hold(hostPort={"const": 0})},
    livenessProbe=PROBE,
    readinessProbe=PROBE,
    startupProbe=PROBE,
    lifecycle={"additionalProperties": PROBE},
)
# A container may leave to the pod what it does not say itself.
POD = _hold(
    ("securityContext", "containers"),
    hostNetwork=NO,
    hostPID=NO,
    hostIPC=NO,
    securityContext=_hold(
        ("runAsNonRoot", "seccompProfile"),
        **COMMON,
        runAsNonRoot={"const": True},
        sysctls={"items": _hold(name={"enum": SYSCTLS})},
    ),
    volumes={"items": {"propertyNames": {"enum": ["name", *VOLUMES]}}},
    containers={"items": CONTAINER},
    initContainers={"items": CONTAINER},
    ephemeralContainers={"items": CONTAINER},
)


def find_violations(pod: Json) -> list[str]:
    """Return where a pod's specification is not restricted."""
    errors = jsonschema.Draft202012Validator(POD).iter_errors(pod)
    return [f"{error.json_path}: {error.message}" for error in errors]
