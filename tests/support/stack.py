"""The stack of deploy/compose.yaml, on stand-ins for the images that are not ours."""

import json
import os
from pathlib import Path
from typing import Any

import httpx
from containers import run_docker, run_program
from pipelines import ROOT
from server import NO_TLS, PATIENCE_SECONDS

from service.cli.image import BASES

REPLICAS = ("service-1", "service-2")
# Of its own: another run of the tests may use the same engine.
PROJECT = f"model-service-test-{os.getpid()}"
SUBNET = f"10.{os.getpid() // 256 % 256}.{os.getpid() % 256}"

INSTALL = (
    "RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive"
    " apt-get install -y -qq --no-install-recommends"
)
# Debian's packages, with folders and users as the official images have them.
STAND_INS = {
    "nginx": f"""
        {INSTALL} nginx-light curl && rm -rf /var/lib/nginx \\
            && mkdir /var/cache/nginx && ln -s /var/cache/nginx /var/lib/nginx
    """,
    "redis": f"{INSTALL} redis-server",
    "prometheus": f"""
        {INSTALL} prometheus wget && mkdir -p /prometheus && chown 65534 /prometheus
        USER 65534
        ENTRYPOINT ["/usr/bin/prometheus"]
        CMD ["--config.file=/etc/prometheus/prometheus.yml", \\
             "--storage.tsdb.path=/prometheus"]
    """,
}


def build_stand_in(name: str) -> str:
    """Build one, and return its tag."""
    tag = f"model-service-test:{name}"
    dockerfile = f"FROM {BASES['3.11']}\n{STAND_INS[name]}".encode()
    options = ("--quiet", "--network", "host", "--tag", tag)
    run_docker("build", *options, "-", given=dockerfile)
    return tag


class Stack:
    """The stack on free ports, in a project of its own."""

    def __init__(self, image: str, folder: Path) -> None:
        others = {name: build_stand_in(name) for name in STAND_INS}
        override = folder / "stand-ins.json"
        services = {
            name: {"image": tag, "pull_policy": "never"} for name, tag in others.items()
        }
        override.write_text(json.dumps({"services": services}))
        self.environment = {
            **os.environ,
            "COMPOSE_FILE": f"{ROOT}/deploy/compose.yaml:{override}",
            "COMPOSE_PROJECT_NAME": PROJECT,
            "IMAGE": image,
            "LISTEN": "127.0.0.1:0",
            "PROMETHEUS": "127.0.0.1:0",
            "SUBNET": SUBNET,
        }
        # Made before the start: no worker has to notice them first.
        self.key = self.create_key("tests")
        self.limited = self.create_key("limited", "--requests", "200/100 year")

    def compose(self, *arguments: str) -> str:
        """Run a command of docker compose, and return what it prints."""
        return run_program(
            "docker", "compose", *arguments, environment=self.environment
        )

    def start(self, *names: str) -> None:
        """Start all, or some, as ops do, and wait until they are healthy."""
        self.compose("up", "--detach", "--wait", *names)

    def create_key(self, client: str, *options: str) -> str:
        """Make a key as ops do."""
        make = ("python", "-m", "service", "key", "create", "--client", client)
        run = ("run", "--rm", "--no-TTY", "keys", *make, "--scope", "predict")
        return self.compose(*run, *options).strip()

    def find_url(self, name: str, port: int) -> str:
        """Return where a port is published."""
        return f"http://{self.compose('port', name, str(port)).strip()}"

    def connect(self, key: str = "") -> httpx.Client:
        """Return a client of nginx, with connections of its own."""
        return httpx.Client(
            base_url=self.find_url("nginx", 8080),
            headers={"X-API-Key": key or self.key},
            timeout=PATIENCE_SECONDS,
            verify=NO_TLS,
        )

    def inspect(self) -> dict[str, dict[str, Any]]:
        """Return what the engine says of each running container."""
        ids = self.compose("ps", "--quiet").split()
        found = json.loads(run_docker("inspect", *ids))
        label = "com.docker.compose.service"
        return {each["Config"]["Labels"][label]: each for each in found}

    def read_log(self, name: str) -> list[dict[str, Any]]:
        """Return the lines of a replica's log."""
        lines = run_docker("logs", self.inspect()[name]["Id"]).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def remove(self) -> None:
        """Leave nothing of it."""
        self.compose("--profile", "rollout", "down", "--volumes", "--timeout", "10")
