"""An environment for each server, made once from its pinned requirements."""

import os
import shutil
import subprocess
from pathlib import Path

from benchmarks.places import BIN, BUILD, HERE, ROOT

# Ours has what its image has: none of development's packages is imported, too.
OURS, OURS_WITH_ARROW, OURS_WITH_ONNX = "ours", "ours-with-arrow", "ours-with-onnx"
SERVING, DEVELOPMENT = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"
ARROW, ONNX = ROOT / "requirements-arrow.txt", ROOT / "requirements-onnx.txt"

# What gunicorn's own worker of that name needs, as development has it.
GEVENT = "gevent"


def find_python(name: str) -> Path:
    """Return the interpreter of a server's environment."""
    return BUILD / "envs" / name / "bin" / "python"


def prepare_environment(name: str) -> None:
    """Install a server, unless these very requirements are installed already."""
    peer = HERE / "requirements" / f"{name}.txt"
    arguments = {
        OURS: ["-r", str(SERVING)],
        OURS_WITH_ARROW: ["-r", str(ARROW)],
        OURS_WITH_ONNX: ["-r", str(ONNX)],
        GEVENT: ["-r", str(SERVING), "-c", str(DEVELOPMENT), GEVENT],
    }.get(name, ["--no-deps", "-r", str(peer)])
    files = [Path(each) for each in arguments if each.endswith(".txt")]
    wanted = "".join(file.read_text() for file in files)
    folder = BUILD / "envs" / name
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"installing {name}", flush=True)
    uv, python = str(BIN / "uv"), str(BIN / "python")
    make = [uv, "venv", "--quiet", "--clear", "--python", python, str(folder)]
    subprocess.run(make, check=True)
    # Compiled now, or the first start of a server would be measured compiling.
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode"]
    into = ["--python", str(find_python(name))]
    # PyTorch's wheel for the CPU alone is where pip is told to find it, or nowhere.
    links = {"UV_FIND_LINKS": os.environ.get("PIP_FIND_LINKS", "")}
    subprocess.run([*install, *into, *arguments], check=True, env=os.environ | links)
    stamp.write_text(wanted)


def read_version(name: str, package: str) -> str:
    """Return the version of a package that a peer's requirements pin."""
    text = (HERE / "requirements" / f"{name}.txt").read_text()
    return next(
        line.removeprefix(f"{package}==").split()[0]
        for line in text.splitlines()
        if line.startswith(f"{package}==")
    )


def prepare_wrk() -> str:
    """Return the path of wrk."""
    return prepare_program("wrk", "wrk")


def prepare_program(name: str, package: str) -> str:
    """Return the path of a program that Debian has, and install it if need be."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    if not shutil.which(name, path=path):
        subprocess.run(["apt-get", "update", "--quiet"], check=True)
        subprocess.run(["apt-get", "install", "--quiet", "--yes", package], check=True)
    found = shutil.which(name, path=path)
    if found is None:
        raise RuntimeError(f"{name} is not to be had: install it with apt-get.")
    return found
