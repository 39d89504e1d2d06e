"""A client of model-service, on urllib3 alone.

errors.py   what is raised, one class for each thing that a caller can do about it
table.py    rows and frames as values that JSON has
exchange.py one request with its repetitions, within a deadline
bounded_response.py an answer that comes too slowly, given up at the deadline
client.py   the calls
"""

from model_service_client.client import Client, Predictions
from model_service_client.errors import (
    ContractViolation,
    DeadlinePassed,
    KeyRefused,
    LimitReached,
    ModelServiceError,
    NotReady,
    ServiceFault,
    Unreachable,
    UnsendableValue,
    Violation,
)

__all__ = [
    "Client",
    "ContractViolation",
    "DeadlinePassed",
    "KeyRefused",
    "LimitReached",
    "ModelServiceError",
    "NotReady",
    "Predictions",
    "ServiceFault",
    "Unreachable",
    "UnsendableValue",
    "Violation",
]
