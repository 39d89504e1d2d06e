"""The peers that serve an application, as their documentation says to."""

from typing import Any

from benchmarks.server import Launch, Server
from benchmarks.workload import Instance


class FastAPI(Server):
    """The pipeline in a path operation, under uvicorn's own workers."""

    name = "fastapi"
    title = "FastAPI, `def`"
    setting = "endpoint in a pool of threads, uvicorn with uvloop and httptools"
    application = "benchmarks.servers.fastapi_app:app"

    def command(self, launch: Launch) -> list[str]:
        """Return uvicorn's command."""
        address = ["--host", "127.0.0.1", "--port", str(launch.port)]
        workers = ["--workers", str(launch.workers), "--no-access-log"]
        return [str(self.bin / "uvicorn"), self.application, *address, *workers]


class AsyncFastAPI(FastAPI):
    """The same on the event loop: more throughput of one worker, less fairness."""

    name = "fastapi-async"
    package = "fastapi"
    title = "FastAPI, `async def`"
    setting = "endpoint on the event loop, uvicorn with uvloop and httptools"
    path = "/predict-async"


class Vetiver(FastAPI):
    """An endpoint for probabilities on vetiver's API, with its prototype."""

    name = "vetiver"
    title = "vetiver"
    setting = "`check_prototype=True`, uvicorn with uvloop and httptools"
    application = "benchmarks.servers.vetiver_app:app"
    path = "/predict_proba"

    def encode(self, instances: list[Instance]) -> Any:
        """Return the bare list of instances."""
        return instances

    def decode(self, answer: Any) -> list[float]:
        """Return the first column under the endpoint's name."""
        return [row[0] for row in answer["predict_proba"]]


class LitServe(Server):
    """Workers of inference behind one API server."""

    name = "litserve"
    title = "LitServe"
    setting = "`max_batch_size=64`, `batch_timeout=0.001`"

    def command(self, launch: Launch) -> list[str]:
        """Return the script that its documentation starts."""
        return [str(self.bin / "python"), "-m", "benchmarks.servers.litserve_app"]


class Ray(Server):
    """Replicas with request batching, behind Ray's proxy."""

    name = "ray"
    title = "Ray Serve"
    setting = "`@serve.batch`, `max_batch_size=64`, `batch_wait_timeout_s=0.001`"

    def command(self, launch: Launch) -> list[str]:
        """Return the script that starts a cluster of one machine."""
        return [str(self.bin / "python"), "-m", "benchmarks.servers.ray_app"]


class BentoML(Server):
    """A batchable API, whose dispatcher learns how long to wait."""

    name = "bentoml"
    title = "BentoML"
    setting = "batchable API, `max_batch_size=4096`"

    def command(self, launch: Launch) -> list[str]:
        """Return bentoml's command; the workers stand in the service."""
        address = ["--host", "127.0.0.1", "--port", str(launch.port)]
        service = "benchmarks.servers.bentoml_app:Scoring"
        return [str(self.bin / "bentoml"), "serve", service, *address]

    def decode(self, answer: Any) -> list[float]:
        """Return the first column of a bare list of rows."""
        return [row[0] for row in answer]
