"""The rule of `make soak`, on series of which it is known whether they grow."""

import random

import pytest

from soak.judging import FEWEST, MOST_AN_HOUR, judge
from soak.sampling import service_of

MINUTES, EVERY = 20, 5.0


def series(
    slope: float, noise: float, *, seed: int = 1, steps: dict[int, float] | None = None
) -> list[tuple[float, float]]:
    """So many MB an hour over 20 minutes, with noise and steps (at a second, by so much)."""
    dice = random.Random(seed)
    told = []
    for number in range(int(MINUTES * 60 / EVERY)):
        at = number * EVERY
        held = sum(rise for since, rise in (steps or {}).items() if at >= since)
        told.append((at, 300 + slope * at / 3600 + held + dice.gauss(0, noise)))
    return told


@pytest.mark.parametrize("seed", range(8))
def test_a_leak_is_found_in_the_noise(seed: int) -> None:
    verdict = judge("web", series(60, 1.0, seed=seed))
    assert verdict.grows
    assert verdict.slope == pytest.approx(60, rel=0.1)


@pytest.mark.parametrize("seed", range(8))
def test_a_slow_leak_is_found_where_it_is_quiet(seed: int) -> None:
    assert judge("web", series(30, 0.3, seed=seed)).grows


@pytest.mark.parametrize("noise", [0.0, 0.5, 3.0, 20.0])
def test_noise_is_no_leak(noise: float) -> None:
    for seed in range(8):
        assert not judge("web", series(0, noise, seed=seed)).grows


def test_what_grows_less_than_the_bound_is_told_and_let_be() -> None:
    verdict = judge("web", series(10, 0.1))
    assert not verdict.grows
    assert verdict.slope == pytest.approx(10, rel=0.1)


def test_what_fills_up_in_the_first_third_is_no_leak() -> None:
    assert not judge("web", series(0, 0.5, steps={60: 80, 200: 40, 390: 10})).grows


def test_one_step_is_no_leak_and_one_each_minute_is() -> None:
    assert not judge("web", series(0, 0.5, steps={900: 30})).grows
    assert judge("web", series(0, 0.5, steps=dict.fromkeys(range(0, 1200, 60), 2.0))).grows


def test_a_peak_that_goes_again_is_no_leak() -> None:
    assert not judge("web", series(0, 0.5, steps={700: 200, 800: -200})).grows


def test_connections_that_pile_up_are_found() -> None:
    assert judge("connections", [(at, 10 + at // 30) for at in range(0, 1200, 5)], most=MOST_AN_HOUR).grows


def test_too_little_is_no_proof() -> None:
    with pytest.raises(ValueError, match="samples"):
        judge("web", series(0, 0)[:FEWEST])


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("/v/bin/python -m gunicorn config.wsgi --preload", "web"),
        ("/v/bin/python -m celery --app config worker -n one@host", "worker"),
        ("/v/bin/python -m celery --app config beat", "beat"),
        ("postgres: checkpointer", "postgres"),
        ("/v/bin/valkey-server 127.0.0.1:0", "valkey"),
        ("/v/bin/python manage.py seed_demo --rest", ""),
    ],
)
def test_a_process_is_known_by_how_it_was_started(command: str, name: str) -> None:
    assert service_of(command) == name
