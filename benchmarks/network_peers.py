"""The peers for networks, each served as its documentation says to."""

from benchmarks.environments import prepare_program
from benchmarks.peers import OpenInference
from benchmarks.server import Launch, Server


class Triton(OpenInference):
    """The pipeline in its Python backend, with as many instances as workers."""

    name = "triton"
    package = "nvidia-pytriton"
    title = "Triton"
    setting = "Python backend, dynamic batching, `max_batch_size` 4096"
    command_line = "python -m benchmarks.servers.triton_app {saved}"


class TorchServe(Server):
    """A handler of batches; the server itself runs on Java."""

    name = "torchserve"
    title = "TorchServe"
    setting = "`batchSize` 64, `maxBatchDelay` 1, `async_logging`"
    command_line = (
        "torchserve --start --foreground --ncs --disable-token-auth --models scoring"
        " --model-store {saved}/models --ts-config {saved}/config.properties"
    )
    saver = "benchmarks.servers.torchserve_model"
    path = "/predictions/scoring"

    def environment(self, launch: Launch) -> dict[str, str]:
        """Listen on one port for all; what it logs is kept beside the model."""
        prepare_program("java", "openjdk-17-jre-headless")
        address = f"http://127.0.0.1:{launch.port}"
        inference, management = launch.spare_ports
        return super().environment(launch) | {
            "TS_INFERENCE_ADDRESS": address,
            "TS_MANAGEMENT_ADDRESS": address,
            "TS_METRICS_ADDRESS": address,
            "TS_GRPC_INFERENCE_PORT": str(inference),
            "TS_GRPC_MANAGEMENT_PORT": str(management),
            "TS_DEFAULT_WORKERS_PER_MODEL": str(launch.workers),
            "LOG_LOCATION": str(self.saved / "logs"),
            "METRICS_LOCATION": str(self.saved / "logs"),
        }


class KServe(Server):
    """A model of one's own in its Python server."""

    name = "kserve"
    title = "KServe"
    setting = "`ModelServer` with uvicorn's workers, the first protocol"
    command_line = (
        "python -W ignore -m benchmarks.servers.kserve_app"
        " --log_config_file benchmarks/servers/kserve_logging.json"
    )
    path = "/v1/models/scoring:predict"
