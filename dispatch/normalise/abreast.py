"""Pieces of one long work, on as many processors as there are."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from typing import Any

_pieces: Sequence[Callable[[], Any]] = ()


def abreast(pieces: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each piece answers, in their order.

    Each runs in a process forked for it, which sees all that the parent has made without its being sent;
    only the answers travel. Where there is one processor, or where no child may be had, one after another.
    Raises what a piece raises.
    """
    global _pieces
    workers = min(len(pieces), len(os.sched_getaffinity(0)))
    if workers < 2 or multiprocessing.current_process().daemon:
        return [piece() for piece in pieces]
    _pieces = pieces
    try:
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            return pool.map(_one, range(len(pieces)), chunksize=1)
    finally:
        _pieces = ()


def _one(at: int) -> Any:
    return _pieces[at]()
