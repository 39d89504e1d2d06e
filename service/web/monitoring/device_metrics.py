"""The metrics of the process with the device, which it counts itself."""

from functools import partial

from service.web.monitoring.counts import Counts
from service.web.monitoring.metric_kinds import Counter, Histogram, SumGauge

# The number under which that process counts; -1 is the master's, -2 the shadow's.
DEVICE_SLOT = -3

# Requests are run together up to 256 rows, and one has at most 10,000 as a rule.
ROWS = (*(2**power for power in range(9)), 512, 1024, 4096, 16384)


class DeviceInstruments:
    """What is counted of the runs of networks on the device."""

    def __init__(self, counts: Counts) -> None:
        counter, gauge = partial(Counter, counts), partial(SumGauge, counts)
        self.rows = Histogram(
            counts,
            "model_device_rows",
            "Rows of each run of a network on the device.",
            bounds=ROWS,
        )
        self.shortages = counter(
            "model_device_out_of_memory",
            "Runs for which the device had no memory.",
        )
        self.starts = counter(
            "model_device_starts", "Starts of the process with the device."
        )
        self.memory = gauge(
            "model_device_memory_bytes",
            "Memory in use on the device, or by the process that stands for one.",
        )
        self.device = gauge(
            "model_device", "The device that runs networks.", ("device", "name")
        )
