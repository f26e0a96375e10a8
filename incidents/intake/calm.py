"""A batch, undisturbed by the search for cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Below this many reports there is nothing to be spared.
_MANY = 50


@contextmanager
def undisturbed(count: int) -> Iterator[None]:
    """Put off Python's search for cycles while `count` reports are taken in.

    A batch makes a few hundred thousand objects that all live until its end and hold no cycles. The collector
    would look through them, and through all that the process has loaded, several times: a quarter of the
    batch's time.
    """
    if count < _MANY or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
