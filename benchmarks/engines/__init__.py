"""The engines that the matcher's bench sets beside each other, each in a module of its own.

All of them get the same rules (`rules.py`) and the same events, whose keywords have been found already.
Building one is never measured, but of ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Engine:
    """A contender: what is called once for each input, and the winning items' codes in its answer."""

    call: Callable[[Any], Any]
    inputs: Sequence[Any]
    winners: Callable[[Any], list[str]]
    # How many events one input stands for.
    batch: int = 1
