"""What is raised, one class for each thing that a caller can do about it."""

from typing import NamedTuple


class Violation(NamedTuple):
    """A place in the input, with what is wrong there."""

    path: str
    message: str


class ModelServiceError(Exception):
    """The service gave no answer; `status` is 0 where no HTTP response came."""

    advice = "Read the detail."

    def __init__(self, detail: str, status: int = 0, request_id: str = "") -> None:
        self.detail, self.status, self.request_id = detail, status, request_id
        told = f" (request {request_id})" if request_id else ""
        super().__init__(f"{detail} {self.advice}{told}")


class UnsendableValue(ModelServiceError, ValueError):
    """A value has no form in JSON; nothing was sent."""

    advice = "Replace it before asking; a missing value is None or NaN."

    def __init__(self, column: str, row: int, fault: str) -> None:
        self.column, self.row = column, row
        super().__init__(f"Column {column!r}, row {row}: {fault}.")


class ContractViolation(ModelServiceError):
    """The input breaks the model's contract, at the places in `errors`."""

    advice = "Correct the input: asking again does not help."
    errors: tuple[Violation, ...] = ()

    def __str__(self) -> str:
        places = "; ".join(f"{e.path}: {e.message}" for e in self.errors[:3])
        more = "; ..." if len(self.errors) > 3 else ""
        return f"{super().__str__()} {places}{more}".strip()


class KeyRefused(ModelServiceError):
    """The service knows no such key, or the key lacks the scope."""

    advice = "Check MODEL_SERVICE_KEY, and the scopes of the key."


class LimitReached(ModelServiceError):
    """The key's limit is reached; `retry_after` is in seconds, None if unknown."""

    advice = "Ask again after `retry_after` seconds, or have the limit raised."
    retry_after: float | None = None


class NotReady(ModelServiceError):
    """The service is starting, stopping or overloaded."""

    advice = "Ask again later, or less at a time."
    retry_after: float | None = None


class DeadlinePassed(ModelServiceError):
    """The deadline of the call passed before its answer was there."""

    advice = "Give timeout_seconds more, or ask for fewer rows."


class ServiceFault(ModelServiceError):
    """The model failed; the log of the service says why."""

    advice = "Report it with its request id: the service's log says why."


class Unreachable(ModelServiceError):
    """No connection, or one that broke off each time."""

    advice = "Check the URL, and that the service runs."


BY_STATUS: dict[int, type[ModelServiceError]] = {
    401: KeyRefused,
    403: KeyRefused,
    422: ContractViolation,
    429: LimitReached,
    500: ServiceFault,
    503: NotReady,
    504: DeadlinePassed,
}
