"""A run's answer with figures of one's own, in the shape that `living.both` gives."""

from typing import Any

from config.simulation.year.assumptions import Assumptions
from config.simulation.year.figures import DAYS, DISPATCH_PARTS, HANDLING_PARTS, HOURS
from config.simulation.year.living import Scale
from config.simulation.year.running import Plan, document, figures_of

SCALE = Scale(464, days=60)


def a_run(seed: int = 1, *, dispatch: tuple[float, float], handling: tuple[float, float]) -> dict[str, Any]:
    """One year: means by hand and on the platform."""
    ways = {
        way: {
            "cases": 900,
            "sent": 900,
            "handled": 896,
            "dispatch": _spread(dispatch[place], HOURS, DISPATCH_PARTS, last="returns"),
            "handling": _spread(handling[place], DAYS, HANDLING_PARTS, last="outside"),
            "first_right": 0.84,
            "sendings": 1.2,
            "within_limit": 0.5,
            "answered": 90,
            "returned": 140,
            "busy": 0.8,
        }
        for place, way in enumerate(("hand", "platform"))
    }
    ways["hand"]["merged"] = 40
    ways["platform"] |= {
        "joined": 60,
        "measured": {
            "automatic": 0.44,
            "automatic_right": 0.99,
            "joined_rightly": 0.4,
            "joined_wrongly": 7,
            "parted": 3,
            "lost": 2,
            "on_time": 0.7,
            "reminders": 800,
            "breaches": 90,
            "orders": 30,
            "lines": 32_000,
            "given_up": 0,
            "refused_reports": 0,
            "refused_actions": {},
        },
    }
    return {"seed": seed, "one_in": SCALE.one_in, "reports": 1_000, **ways}


def a_document(*, platform: tuple[float, float] = (0.4, 8.5), varied: bool = True) -> dict[str, Any]:
    """A whole result: three years, another scale, one changed assumption."""
    runs = [
        a_run(seed, dispatch=(5.3 + seed / 20, platform[0]), handling=(11.9 + seed / 20, platform[1]))
        for seed in (1, 2, 3)
    ]
    plan = Plan(
        assumed=Assumptions(),
        scale=SCALE,
        seeds=(1, 2, 3),
        other=Scale(232, 60),
        varied=SCALE,
        varied_seeds=(1,),
    )
    one, more = figures_of(runs[:1]), figures_of(runs)
    ends = {
        end: {"value": value, "fitted": {}}
        | figures_of([a_run(dispatch=(5.4, 0.4), handling=(12, platform[1] + change))])
        for end, value, change in (("low", 0.15, -0.6), ("high", 0.45, 0.7))
    }
    return document(
        plan,
        Assumptions(),
        runs,
        other={"scale": {"one_in": 232, "days": 60, "warm_up": 28}, "figures": more, "beside": more},
        varied={
            "scale": {"one_in": 464, "days": 60, "warm_up": 28},
            "seeds": [1],
            "base": one | {"fitted": {}},
            "rows": [{"name": "aside", **ends}],
        }
        if varied
        else None,
        seconds=1_200,
    )


def _spread(mean: float, grid: tuple[float, ...], parts: tuple[str, ...], *, last: str) -> dict[str, Any]:
    return {
        "mean": mean,
        "median": mean / 2,
        "p90": mean * 2,
        "within": [[most, min(1.0, most / grid[-1])] for most in grid],
        "parts": {part: mean if part == last else 0.0 for part in parts},
    }
