"""Are two tellings about one thing? Read from words, names, numbers, distance and time; no database.

What was measured, and what follows from it: docs/decisions/0004.
"""

from incidents.likeness.scoring import Likeness, Seen, common_words, compare, joining
from incidents.likeness.telling import Telling, read

__all__ = ["Likeness", "Seen", "Telling", "common_words", "compare", "joining", "read"]
