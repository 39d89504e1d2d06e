"""The pod of deploy/kubernetes, run for real by podman, without a cluster."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
import yaml
from balancer import ReservedPort
from containers import PATIENCE_SECONDS, run_docker, run_program
from manifests import Json
from server import NO_TLS

from service.web.access.key_file import create_key

# What podman needs on a host where it may not raise limits, nor has systemd.
CONFIGURATION = """
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
# Of its own: there may be another run of the tests.
DEPLOYMENT = f"model-service-{os.getpid()}"
NAME = f"{DEPLOYMENT}-pod-0-model-service"


def require_podman() -> None:
    """Skip where something is missing that runs a pod."""
    for program in ("podman", "runc", "catatonit"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed, which runs the pod")


class Pod:
    """A pod of a rendered Deployment, on a port of this host."""

    def __init__(self, manifests: Sequence[Json], image: str, folder: Path) -> None:
        self._folder = folder
        self._image = image
        self._port = ReservedPort()
        self._environment = {
            **os.environ,
            "CONTAINERS_CONF": str(folder / "containers.conf"),
        }
        (folder / "containers.conf").write_text(CONFIGURATION)
        self._keys_file = folder / "keys/api-keys.json"
        self.key = create_key(self._keys_file, "tests", ("predict",))
        self._keys_file.chmod(0o444)  # podman has no fsGroup
        self._manifest = folder / "pod.yaml"
        self._manifest.write_text(yaml.safe_dump_all(self._change(manifests)))

    def start(self) -> None:
        """Give podman the image of the Docker engine, and start the pod."""
        archive = self._folder / "image.tar"
        run_docker("save", "-o", str(archive), self._image)
        self.run("load", "--quiet", "--input", str(archive))
        archive.unlink()
        self.run("kube", "play", "--network=host", str(self._manifest))

    def connect(self) -> httpx.Client:
        """Return a client of it, which waits for it to listen."""
        return httpx.Client(
            transport=httpx.HTTPTransport(verify=NO_TLS, retries=10),
            base_url=f"http://127.0.0.1:{self._port.number}",
            headers={"X-API-Key": self.key},
            timeout=PATIENCE_SECONDS,
        )

    def execute(self, script: str) -> list[str]:
        """Run a script of the shell inside, and return its lines."""
        return self.run("exec", NAME, "sh", "-c", script).splitlines()

    def inspect(self) -> Json:
        """Return what podman says of it."""
        [found] = json.loads(self.run("inspect", NAME))
        return dict(found)

    def stop(self) -> subprocess.Popen[bytes]:
        """Stop it as a node does, with the time that it is given."""
        seconds = self._pod["terminationGracePeriodSeconds"]
        command = ["podman", "stop", "--time", str(seconds), NAME]
        return subprocess.Popen(
            command, env=self._environment, stdout=subprocess.DEVNULL
        )

    def run(self, *arguments: str) -> str:
        """Run a command of podman, and return what it prints."""
        return run_program("podman", *arguments, environment=self._environment)

    def remove(self) -> None:
        """Leave nothing of it."""
        self.run("kube", "down", str(self._manifest))
        self.run("rmi", "--force", self._image)
        self._port.free()

    def _change(self, manifests: Sequence[Json]) -> list[Json]:
        """Return the settings and the Deployment, as podman 4.3 can take them."""
        [settings] = [each for each in manifests if each["kind"] == "ConfigMap"]
        port = str(self._port.number)
        settings["data"] |= {"PORT": port, "SERVICE_HOST": "127.0.0.1"}
        [deployment] = [
            each
            for each in manifests
            if each["kind"] == "Deployment"
            and each["metadata"]["name"] == "model-service"
        ]
        deployment["metadata"]["name"] = DEPLOYMENT
        deployment["spec"]["replicas"] = 1
        self._pod = deployment["spec"]["template"]["spec"]
        [container] = self._pod["containers"]
        self.limits: dict[str, str] = container["resources"]["limits"]
        container |= {"image": self._image, "imagePullPolicy": "Never"}
        del container["ports"]  # they would be published, past the loopback
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            del container[probe]  # they would be asked by curl, which is not inside
        for volume in self._pod["volumes"]:
            if volume.pop("secret", None):  # its files would be left in base 64
                volume["hostPath"] = {"path": str(self._keys_file.parent)}
        return [settings, deployment]
