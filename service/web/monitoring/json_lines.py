"""What stdout is written on: one line of JSON at a time, whatever it holds."""

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
            except OSError:  # reported on stderr, as for a record: no request fails
                self.handleError(logging.makeLogRecord({"msg": line}))


class LineFormatter(OrjsonFormatter):
    """Forms records as python-json-logger does, also those that orjson refuses."""

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        try:
            return super().jsonify_log_record(log_data)
        except TypeError:  # also for what is too large, too deep, or not Unicode
            plain = {write_text(key): write_text(log_data[key]) for key in log_data}
            return orjson.dumps(plain).decode()


def write_text(value: Any) -> str:
    """Return a value as text that UTF-8 can carry."""
    try:
        text = str(value)
    except (ValueError, RecursionError):  # thousands of digits, or of levels
        text = f"<{type(value).__name__}>"
    return text.encode(errors="backslashreplace").decode()


def build_log_config(level: str) -> dict[str, Any]:
    """Return the configuration for logging.config.dictConfig, gunicorn's lines too."""
    propagating = {"level": level, "handlers": [], "propagate": True}
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
        "loggers": {"service": propagating, "gunicorn.error": propagating},
    }
