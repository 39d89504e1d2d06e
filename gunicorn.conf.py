"""gunicorn -c gunicorn.conf.py, with the environment's settings, is all it takes."""

import gc
import math
import os
import resource
from typing import Any

# Importing and loading make little garbage, and to look for it over and over takes a
# sixth of a start.
gc.disable()

# Before numpy is imported: a worker is one thread of arithmetic, and a pool of OpenMP
# threads started before a fork would hang the worker at its first prediction.
for _pool in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_pool}_NUM_THREADS"] = "1"

from gunicorn.errors import HaltServer
from gunicorn.glogging import Logger
from joblib import cpu_count

from service.malloc import use_one_heap
from service.model.errors import DeviceLostError
from service.server import ReceivingWorker
from service.settings import Settings, SettingsError
from service.web.first_request import format_curl
from service.web.monitoring.json_lines import build_log_config
from service.web.monitoring.worker_slots import end_slot, find_free_slot, open_counts

use_one_heap()
try:
    settings = Settings.from_environment()
except SettingsError as refusal:
    raise SystemExit(f"The service does not start: {refusal}") from refusal

wsgi_app = "service.app:create_app()"
bind = f"{settings.host}:{settings.port}"

# One for each processor of this process's affinity and container. One of two answers
# while the other is replaced, or is busy with a large request.
LEAST_WORKERS = 2
workers = settings.workers or max(LEAST_WORKERS, cpu_count())


class Worker(ReceivingWorker):
    """Keeps to the limits that ops set."""

    settings = settings


worker_class = Worker

# At least 8,000: https://www.rfc-editor.org/rfc/rfc9112#section-3
limit_request_line = 8190

# A connection needs a descriptor, and so does whatever else a worker opens: its poller,
# the counts of every worker at a scrape, the key file, a log. As many are spared, so
# that the worker closes the idlest connection for a new one in time.
SPARE_DESCRIPTORS = 128
_descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
worker_connections = 1000
if _descriptors != resource.RLIM_INFINITY:
    _most = max(_descriptors // 2, _descriptors - SPARE_DESCRIPTORS)
    worker_connections = min(worker_connections, _most)

# An idle connection costs a few kilobytes. It is kept for longer than the 60 seconds
# after which nginx and most balancers close theirs: who closes first loses no request.
keepalive = 75

# The event loop calls notify() several times a second. A worker that does not is stuck
# in code that holds the interpreter, and is killed soon after its deadline; not before
# 10 seconds, which a start or a swapping machine may take.
timeout = max(10, math.ceil(settings.predict_timeout_seconds)) + 1

# A worker takes new work for a while, and then has to finish.
graceful_timeout = math.ceil(settings.lame_duck_seconds + settings.grace_seconds) + 1

# One answers while another runs the event loop. A compiled plan needs the interpreter
# all the time, so more threads would only contend for it, with the loop too: under four
# times the load that two workers can serve, health was answered within 0.1 seconds with
# one thread, 0.7 with two and 1.4 with four, and with one the most was served.
threads = 1

# What is not compiled may wait for something, or for long. So does what a device runs:
# the more ask it at a time, the more it runs together.
WAITING_THREADS = 4

# Files are sent as all else is, by the worker's event loop.
sendfile = False

# The model is loaded once and shared; a fault in it is met before a worker exists.
preload_app = True


class ServiceLogger(Logger):  # type: ignore[misc]
    """Leaves the line of each request to the request log."""

    def access(self, *_: Any) -> None:
        """Write nothing, and work out none of gunicorn's own line."""


logger_class = ServiceLogger
logconfig_dict = build_log_config(settings.log_level)

# No header may set a path of ours, not even one of a proxy on this host.
forwarder_headers = ""

# It would open a socket under $HOME, which a container may not have.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Set the threads of a model that is not compiled, or not all of it.

    Where requests are predicted together, one thread answers all of them, and another
    only while that one is held up.
    """
    gc.freeze()  # workers share what is here, and never look through it
    gc.enable()
    predictor = server.app.wsgi().extensions.get("predictor")
    if predictor is None:
        return
    engine = predictor.engine
    Worker.batcher = predictor.batcher
    has_device = server.app.wsgi().extensions["device"] is not None
    if has_device or engine.name != "plan" or engine.uncompiled_steps:
        server.cfg.set("threads", WAITING_THREADS)


# The status of a server whose device cannot be had again.
DEVICE_LOST = 1


# A reload reads this file again, and resets what was set above.
on_reload = on_starting


def when_ready(server: Any) -> None:
    """Show a first request, where the key is the one made for local use."""
    if settings.api_keys_file is None:
        port = server.LISTENERS[0].sock.getsockname()[1]
        address = f"http://{settings.host}:{port}"
        print(format_curl(server.app.wsgi(), address), flush=True)


def pre_fork(server: Any, worker: Any) -> None:
    """Give a worker the number under which it counts, and a device that is there."""
    device = server.app.wsgi().extensions["device"]
    if device is not None:
        try:
            device.keep()
        except DeviceLostError as error:
            raise HaltServer(f"The device is lost: {error}", DEVICE_LOST) from None
    worker.slot = find_free_slot(other.slot for other in server.WORKERS.values())


def post_fork(server: Any, worker: Any) -> None:
    """Count under that number, and begin the time that the worker has to start.

    gunicorn would never miss one that has not called notify() yet: until then the time
    of its file is by the calendar, which its monotonic clock takes for the far future.
    """
    open_counts().take_slot(worker.slot)
    worker.notify()


def child_exit(server: Any, worker: Any) -> None:
    """Withdraw the gauges of a worker, however it ended."""
    end_slot(worker.slot)
    Worker.balance.withdraw(worker.slot)
    server.app.wsgi().extensions["lifecycle"].end()


def post_worker_init(worker: Any) -> None:
    """Prove each worker by itself, before it takes a request."""
    worker.wsgi.extensions["lifecycle"].begin(worker.slot)
