"""Who is answered by which colour: files that nginx looks for at each request.

`/rollout/now` in nginx's container is a link to a folder of empty files: `green` where
that is the stable colour, `00` to `24` where the canary answers 25 % of the buckets,
`by-key` or `by-header` where callers are kept on one version. The link is replaced at
once. It lies on a volume, so that it is the same after a restart.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from rolling.docker import RolloutError, run_docker, try_docker
from rolling.stack import COLOURS, get_other

Sticky = Literal["request", "key", "header"]
STICKY: tuple[Sticky, ...] = get_args(Sticky)

WRITE = """
set -e
cd /rollout
rm -f link
new=$(mktemp -d traffic.XXXXXX)
chmod 0755 "$new"
for name; do : > "$new/$name"; done
ln -s "$new" link
mv -T link now
for old in traffic.*; do [ "$old" = "$new" ] || rm -r "$old"; done
"""


class TrafficError(RolloutError):
    """nginx cannot be told who answers."""


@dataclass(frozen=True)
class Traffic:
    """The stable colour, and how many percent of the callers the canary answers."""

    stable: str = "blue"
    weight: int = 0
    sticky: Sticky = "request"

    @property
    def canary(self) -> str:
        """The other colour."""
        return get_other(self.stable)

    def list_files(self) -> list[str]:
        """Return the names of the files that say so."""
        names = [f"{bucket:02}" for bucket in range(self.weight)]
        if self.stable == "green":
            names.append("green")
        if self.sticky != "request":
            names.append(f"by-{self.sticky}")
        return names


def parse_traffic(names: list[str]) -> Traffic:
    """Return what files say."""
    [stable, *_] = [colour for colour in COLOURS if colour in names] or ["blue"]
    sticky: list[Sticky] = [each for each in STICKY if f"by-{each}" in names]
    weight = sum(bool(re.fullmatch(r"\d\d", name)) for name in names)
    return Traffic(stable, weight, sticky[0] if sticky else "request")


def read_traffic(nginx: str) -> Traffic:
    """Return who is answered by which colour, as this container of nginx has it."""
    listed = "cd /rollout && if [ -e now ]; then ls now/; fi"
    done = try_docker("exec", nginx, "sh", "-c", listed)
    if done.returncode:
        raise TrafficError(
            "nginx was started by an older compose.yaml: docker compose up renews it."
        )
    return parse_traffic(done.stdout.split())


def write_traffic(nginx: str, traffic: Traffic) -> None:
    """Let callers be answered so, from their next request."""
    root = ("exec", "--user", "0", nginx)  # who owns the folder
    run_docker(*root, "sh", "-c", WRITE, "sh", *traffic.list_files())
