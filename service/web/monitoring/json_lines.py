"""What stdout is written on: one line of JSON at a time, whatever is to be said."""

import logging
from typing import Any

import orjson
from pythonjsonlogger.orjson import OrjsonFormatter

# A line says where in the service it comes from by its event: looking up the calling
# frame, the thread and the process for each would cost 8 of its 30 microseconds
# (https://docs.python.org/3/howto/logging.html#optimization).
logging._srcfile = None
logging.logThreads = False
logging.logProcesses = False
logging.logMultiprocessing = False

# What orjson writes of integers.
LARGEST = 2**64 - 1
LEAST = -(2**63)


class LineHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes records as python-json-logger forms them, and lines that are formed.

    A request's fields are known and plain: as a record its line would cost 20
    microseconds more.
    """

    def write_line(self, line: bytes) -> None:
        """Write a line of ours between those of records."""
        with self.lock:  # type: ignore[union-attr]
            try:
                self.stream.write(f"{line.decode()}\n")
                self.stream.flush()
            except OSError:  # as of a record: told on stderr, and no caller's fault
                self.handleError(logging.makeLogRecord({"msg": line}))


class LineFormatter(OrjsonFormatter):
    """Forms records as python-json-logger does, also those that orjson refuses."""

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        """Return the line."""
        try:
            return super().jsonify_log_record(log_data)
        except TypeError:  # also what is too large, too deep, or no text
            return orjson.dumps(make_plain(log_data)).decode()


def make_plain(value: Any, depth: int = 8) -> Any:
    """Return what orjson can write of a value, and text for all else."""
    if isinstance(value, dict) and depth:
        return {
            make_text(key): make_plain(below, depth - 1) for key, below in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset) and depth:
        return [make_plain(below, depth - 1) for below in value]
    is_written = value is None or isinstance(value, bool | float)
    if is_written or (isinstance(value, int) and LEAST <= value <= LARGEST):
        return value
    return make_text(value)


def make_text(value: Any) -> str:
    """Return what UTF-8 can carry of a value's text."""
    is_huge = isinstance(value, int) and not LEAST <= value <= LARGEST
    text = hex(value) if is_huge else str(value)  # decimals of a huge one are refused
    return text.encode(errors="backslashreplace").decode()


def build_log_config(level: str) -> dict[str, Any]:
    """Return the configuration for logging.config.dictConfig, gunicorn's lines too."""
    quiet = {"level": level, "handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": "service.web.monitoring.json_lines.LineFormatter",
                "fmt": ["levelname", "name", "message"],
                "rename_fields": {
                    "levelname": "level",
                    "name": "logger",
                    "message": "event",
                    "timestamp": "time",
                },
                "timestamp": True,
            }
        },
        "handlers": {
            "stdout": {
                "class": "service.web.monitoring.json_lines.LineHandler",
                "stream": "ext://sys.stdout",
                "formatter": "json",
            }
        },
        "root": {"level": level, "handlers": ["stdout"]},
        "loggers": {
            "service": quiet,
            "gunicorn.error": quiet,
        },
    }
