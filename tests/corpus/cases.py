"""All cases, each by a name of its own."""

from functools import cache

from corpus.case import Case
from corpus.columns import list_columns
from corpus.estimators import list_estimators
from corpus.frames import list_frames
from corpus.libraries import list_libraries
from corpus.texts import list_texts
from corpus.wrappers import list_wrappers


@cache
def list_cases() -> tuple[Case, ...]:
    """Return every case, in an order that is the same in each process."""
    return (
        *list_estimators(),
        *list_frames(),
        *list_columns(),
        *list_wrappers(),
        *list_texts(),
        *list_libraries(),
    )
