"""When an alert burned: messages in whatever order, once or often, to episodes that do not overlap.

Pure but for the rows it is handed. What tells messages apart is when it began; where the wire does not say,
when it was said stands for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from incidents.models import Alert, AlertEpisode
from incidents.sensing.notice import Notice

# So many beginnings are remembered of each alert, to see that it flaps.
RECENT_MOST = 20


class What(StrEnum):
    """What a message changed."""

    STARTED = "started"
    ENDED = "ended"
    REPEATED = "repeated"
    LATE = "late"  # about what was over already
    NOTHING = "nothing"


@dataclass(slots=True)
class History:
    """One alert's row and those of its episodes that the messages of a batch name, and the burning one."""

    alert: Alert
    burning: AlertEpisode | None
    known: dict[datetime, AlertEpisode]

    def take(self, notice: Notice, *, at: datetime) -> What:
        """Let one message change the rows; the caller saves them."""
        self.alert.seen_at, self.alert.stale_at = max(at, self.alert.seen_at), None
        return self._fire(notice, at) if notice.is_firing else self._clear(notice, at)

    def _fire(self, notice: Notice, at: datetime) -> What:
        start = notice.started_at
        if start is None and self.burning is not None:
            return self._repeat(self.burning)
        start = start or notice.at
        episode = self.known.get(start)
        if episode is not None:
            return self._repeat(episode) if episode.ended_at is None else What.LATE
        if self._is_over(start, named=notice.started_at is not None):
            self._begin(start, at, ended_at=self._end_of(start))
            return What.LATE
        if self.burning is not None:
            # It began anew, so it had ended: that word was lost.
            self._end(self.burning, start)
        self.burning = self._begin(start, at)
        self.alert.is_firing, self.alert.started_at = True, start
        self.alert.fires += 1
        self.alert.recent = [*self.alert.recent, start][-RECENT_MOST:]
        return What.STARTED

    def _clear(self, notice: Notice, at: datetime) -> What:
        ended, start = notice.ended_at or notice.at, notice.started_at
        if start is None:
            if self.burning is None or ended < self.burning.started_at:
                self._know_cleared(ended)
                return What.NOTHING
            self._end(self.burning, ended)
            self.burning = None
            return What.ENDED
        episode = self.known.get(start)
        if episode is not None:
            if episode.ended_at is not None:
                # Known to be over; now by its own word, which may be earlier than what was concluded.
                episode.ended_at = min(episode.ended_at, max(ended, start))
                return What.NOTHING
            self._end(episode, ended)
            self.burning = None
            return What.ENDED
        # It is over before its beginning was heard of; what had begun earlier ended before it, unheard.
        missed = self.burning is not None and self.burning.started_at < start
        if missed and self.burning is not None:
            self._end(self.burning, start)
            self.burning = None
        self._begin(start, at, ended_at=max(ended, start))
        self._know_cleared(ended)
        return What.ENDED if missed else What.LATE

    def _repeat(self, episode: AlertEpisode) -> What:
        episode.repeats += 1
        self.alert.repeats += 1
        return What.REPEATED

    def _begin(self, start: datetime, at: datetime, *, ended_at: datetime | None = None) -> AlertEpisode:
        fate = AlertEpisode.Fate.LATE if ended_at else ""
        made = AlertEpisode(alert=self.alert, started_at=start, ended_at=ended_at, heard_at=at, fate=fate)
        self.known[start] = made
        return made

    def _end(self, episode: AlertEpisode, ended: datetime) -> None:
        episode.ended_at = max(ended, episode.started_at)
        self.alert.is_firing, self.alert.ended_at = False, episode.ended_at
        self._know_cleared(episode.ended_at)

    def _know_cleared(self, ended: datetime) -> None:
        self.alert.cleared_to = max(ended, self.alert.cleared_to or ended)

    def _is_over(self, start: datetime, *, named: bool) -> bool:
        """Did something later begin or end already, so that what began then must be over?"""
        if self.burning is not None and start < self.burning.started_at:
            return True
        cleared = self.alert.cleared_to
        return cleared is not None and (start < cleared or (start == cleared and not named))

    def _end_of(self, start: datetime) -> datetime:
        """When it was over at the latest: when the next one began, or by the last word of an end."""
        later = [
            begun for begun in (*self.known, self.alert.started_at) if begun is not None and begun > start
        ]
        return min(later, default=max(start, self.alert.cleared_to or start))


def is_flapping(alert: Alert, *, times: int, within: timedelta) -> bool:
    """Did it begin so many times within so long, up to its last beginning?"""
    if len(alert.recent) < times:
        return False
    last = sorted(alert.recent)[-times:]
    return last[-1] - last[0] <= within
