"""How much one request may ask for."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class RequestLimits:
    """The most that a request may hold; the settings of the same names.

    `max_errors` counts the places that are named, of errors and of warnings.
    """

    max_instances: int
    max_string_length: int
    max_errors: int


# For what lies in an artefact, which is as it was packaged.
UNBOUNDED = RequestLimits(sys.maxsize, sys.maxsize, sys.maxsize)
