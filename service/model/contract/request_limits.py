"""How much one request may ask for."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class RequestLimits:
    """The most that a request may hold; the settings of the same names."""

    max_instances: int
    max_string_length: int
    # Places that an answer names, of errors and of warnings. A person mends a few at a
    # time; all those of a big bad request would be a huge answer.
    max_errors: int = 100
    # Fields of an instance of any; those of named features are as many as these.
    max_fields: int = 1000
    # Elements of the tensors of a request, all together: 8 MiB of float32.
    max_elements: int = 2**21


# For what lies in an artefact, which is as it was packaged.
UNBOUNDED = RequestLimits(*[sys.maxsize] * 5)
