"""How many examples the property tests draw, and whether they are the same ones each time.

`make test` draws the same examples for the same code, so that a red run is about the change in hand.
`make explore` draws others, and EXPLORE times as many: that is where new counterexamples are looked for.
"""

import os

from hypothesis import HealthCheck, settings

_TIMES = int(os.environ.get("EXPLORE", "0"))

# Without a time limit for one example: shared machines stall.
settings.register_profile("drawn", deadline=None, derandomize=not _TIMES)
settings.register_profile(
    "in-database",
    settings.get_profile("drawn"),
    # The tests undo each example themselves; the fixture is the same database for all of them.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("drawn")


def examples(count: int) -> settings:
    """Draw this many examples."""
    return settings(settings.get_profile("drawn"), max_examples=count * max(_TIMES, 1))


def lives(count: int) -> settings:
    """Draw this many examples that each run in the test's database, and undo what they wrote."""
    return settings(settings.get_profile("in-database"), max_examples=count * max(_TIMES, 1))
