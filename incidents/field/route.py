"""In which order to walk: always on to the nearest, then straightened where ways cross."""

from collections.abc import Sequence

from incidents.intake.same_thing import metres_between

Point = tuple[float, float]  # longitude, latitude

# Straightening looks at every pair of legs; a day's round has far fewer stops.
STOPS_MOST = 80


def in_order(stops: Sequence[Point], start: Point | None = None) -> list[int]:
    """Indexes of `stops` in the order of a short walk that begins at `start`, or at the first stop."""
    if not stops:
        return []
    near = _nearest_next(stops, start)
    return _straightened(stops, near, start) if len(stops) <= STOPS_MOST else near


def length(stops: Sequence[Point], order: Sequence[int], start: Point | None = None) -> float:
    """Metres of the walk, as the crow flies."""
    way = [*([start] if start else []), *(stops[index] for index in order)]
    return sum(_metres(way[index], way[index + 1]) for index in range(len(way) - 1))


def _nearest_next(stops: Sequence[Point], start: Point | None) -> list[int]:
    left = list(range(len(stops)))
    order = [] if start else [left.pop(0)]
    here = start or stops[0]
    while left:
        following = min(left, key=lambda index: (_metres(here, stops[index]), index))
        left.remove(following)
        order.append(following)
        here = stops[following]
    return order


def _straightened(stops: Sequence[Point], order: list[int], start: Point | None) -> list[int]:
    """Turn a stretch round wherever that makes the walk shorter, until nothing does (2-opt).

    Each turn looks at the two legs that change alone. The end is open: nobody walks back.
    """
    order = list(order)
    first = 0 if start else 1  # without a start the first stop stands fast
    improved = True
    while improved:
        improved = False
        for one in range(first, len(order) - 1):
            before = stops[order[one - 1]] if one else start
            assert before is not None
            for other in range(one + 1, len(order)):
                after = stops[order[other + 1]] if other + 1 < len(order) else None
                a, b = stops[order[one]], stops[order[other]]
                now = _metres(before, a) + (_metres(b, after) if after else 0.0)
                turned = _metres(before, b) + (_metres(a, after) if after else 0.0)
                if turned < now - 0.5:  # metres: rounding must not turn for ever
                    order[one : other + 1] = reversed(order[one : other + 1])
                    improved = True
    return order


def _metres(one: Point, other: Point) -> float:
    return metres_between(one[0], one[1], other[0], other[1])
