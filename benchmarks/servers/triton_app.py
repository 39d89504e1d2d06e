"""Triton: its server as NVIDIA's wheel of PyTriton has it, with the Python backend."""

import os
import shutil
import sys
from pathlib import Path

import pytriton

from benchmarks.servers.artefact import read_features

DATATYPES = {int: "TYPE_INT64", float: "TYPE_FP64", str: "TYPE_STRING"}

SETTINGS = """
backend: "python"
max_batch_size: 4096
dynamic_batching {{ }}
instance_group [ {{ count: {workers}, kind: KIND_CPU }} ]
input [ {inputs} ]
output [ {{ name: "probabilities", data_type: TYPE_FP32, dims: [ 2 ] }} ]
"""


def write_model(model: Path) -> None:
    """Write the settings of the model, and its code."""
    (model / "1").mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("triton_model.py"), model / "1" / "model.py")
    inputs = ", ".join(
        f'{{ name: "{name}", data_type: {DATATYPES[kind]}, dims: [ 1 ] }}'
        for name, kind in read_features().items()
    )
    settings = SETTINGS.format(workers=os.environ["BENCH_WORKERS"], inputs=inputs)
    (model / "config.pbtxt").write_text(settings)


def copy_backend(server: Path, backends: Path) -> None:
    """Put the backend where what runs this version of Python lies beside it."""
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    stubs = server / "python_backend_stubs" / minor
    for folder in (server / "backends" / "python", stubs):
        shutil.copytree(folder, backends / "python", dirs_exist_ok=True)


def main() -> None:
    """Become the server."""
    target = Path(sys.argv[1])
    wheel = Path(pytriton.__file__).parent
    packages, server = wheel.parent, wheel / "tritonserver"
    shutil.rmtree(target, ignore_errors=True)
    write_model(target / "models" / "scoring")
    copy_backend(server, target / "backends")
    os.environ["LD_LIBRARY_PATH"] = str(packages / "nvidia_pytriton.libs")
    # What runs the model takes for its packages those of the first Python of the path.
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    program = str(server / "bin" / "tritonserver")
    options = {
        "model-repository": target / "models",
        "backend-directory": target / "backends",
        "http-address": "127.0.0.1",
        "http-port": os.environ["BENCH_PORT"],
        "allow-grpc": "false",
        "allow-metrics": "false",
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main()
