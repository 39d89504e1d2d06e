"""Texts that people wrote, as opposed to categories."""

from collections import Counter
from collections.abc import Collection
from itertools import chain

# A category has a word or two, and comes again.
LEAST_WORDS = 4

# How many of the most frequent words make a synthetic text.
COMPOSED_WORDS = 8


def is_prose(texts: Collection[str]) -> bool:
    """Return True if over half of the texts differ, and over half are of many words."""
    if 2 * len(set(texts)) <= len(texts):
        return False
    long = sum(1 for text in texts if len(text.split(None, LEAST_WORDS)) >= LEAST_WORDS)
    return 2 * long > len(texts)


def compose_text(texts: Collection[str]) -> str:
    """Return a text of the most frequent words: of a column, not of a person."""
    counts = Counter(chain.from_iterable(dict.fromkeys(text.split()) for text in texts))
    return " ".join(word for word, _ in counts.most_common(COMPOSED_WORDS))
