"""What walls share: a screen is read once for all that show the same area, however many poll.

Kept in the process, for seconds: there is no cache server to ask (DESIGN.md), and a wall that is answered by
another process is answered as truly. One reads while the others wait for it, so a hundred walls cost what one
costs.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock
from typing import Final

from django.template.loader import render_to_string
from django.utils import translation

from dashboards.screen import picture, shown
from incidents.centre.centres import Centre
from incidents.numbers import district_day

# How long a moment, and the thirty days, are good for; in seconds of the real clock.
MOMENT_SECONDS: Final = 4.0
STANDING_SECONDS: Final = 60.0
# How long one waits for another's reading before it takes what is there.
WAIT_SECONDS: Final = 2.0
_Key = tuple[str, str]  # the area's code, the language


@dataclass(frozen=True, slots=True)
class Shot:
    """One reading of an area, in one language."""

    html: str  # every part of it
    watch: str  # of those, what stands in the head
    inside: str  # and what stands below
    tag: str  # an ETag: the same for the same content
    at: datetime  # the district's time that it is true for
    made: float  # seconds of the monotonic clock

    def age(self, now: float) -> float:
        """Seconds since it was read."""
        return max(0.0, now - self.made)


@dataclass(frozen=True, slots=True)
class _Kept:
    standing: picture.Standing
    day: date
    made: float


_shots: dict[_Key, Shot] = {}
_standings: dict[_Key, _Kept] = {}
_locks: dict[_Key, Lock] = {}
_locks_lock = Lock()


def shot_of(code: str, language: str, *, at: datetime, now: float, find: Callable[[str], Centre]) -> Shot:
    """The area's screen in a language, read anew where the last reading is too old or of another day.

    `find` gives the centre that watches the area, and is asked only where something is read.
    `now` is the monotonic clock's: how old something is must not depend on a clock that runs fast in a
    simulation, or is put right.
    """
    key = (code, language)
    if (shot := _good(key, at, now)) is not None:
        return shot
    centre = find(code)  # before anything is kept under a code that is no area's
    lock = _lock_of(key)
    if not lock.acquire(timeout=WAIT_SECONDS):
        if (shot := _shots.get(key)) is not None:
            return shot  # it says how old it is; a database that hangs shall not hold every web thread
        lock.acquire()
    try:
        if (shot := _good(key, at, now)) is not None:  # read while this one waited
            return shot
        with translation.override(language):
            shot = _read(key, centre, at, now)
        _shots[key] = shot
        return shot
    finally:
        lock.release()


def _good(key: _Key, at: datetime, now: float) -> Shot | None:
    shot = _shots.get(key)
    if shot is None or shot.age(now) >= MOMENT_SECONDS or district_day(shot.at) != district_day(at):
        return None
    return shot


def _read(key: _Key, centre: Centre, at: datetime, now: float) -> Shot:
    kept, today = _standings.get(key), district_day(at)
    if kept is None or now - kept.made >= STANDING_SECONDS or kept.day != today:
        kept = _standings[key] = _Kept(picture.standing_of(centre, at), today, now)
    moment = picture.moment_of(centre, at)
    inside = render_to_string("dashboards/screen/inside.html", shown.inside(kept.standing, moment))
    watch = render_to_string("dashboards/screen/watch.html", {"watches": shown.watches(moment)})
    html = watch + inside
    return Shot(html, watch, inside, f'"{hashlib.sha256(html.encode()).hexdigest()[:24]}"', at, now)


def _lock_of(key: _Key) -> Lock:
    with _locks_lock:
        return _locks.setdefault(key, Lock())


def forget() -> None:
    """Read everything anew the next time."""
    _shots.clear()
    _standings.clear()
