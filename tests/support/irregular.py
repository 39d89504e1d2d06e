"""What can lie where a file should: to open some would wait for ever."""

import os
import socket
from collections.abc import Callable
from pathlib import Path


def lay_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


def lay_link_to_pipe(path: Path) -> None:
    pipe = path.with_name(f"{path.name}.pipe")
    os.mkfifo(pipe)
    path.symlink_to(pipe.name)


# What a refusal says of each.
IRREGULAR: dict[str, Callable[[Path], None]] = {
    "a named pipe": os.mkfifo,
    "a socket": lay_socket,
    "a device": lambda path: path.symlink_to("/dev/null"),
    "a folder": Path.mkdir,
}
