"""How a person wants to be told, and when not. Times of day are the district's."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

_ZONE = ZoneInfo(settings.TIME_ZONE)


class NoticeMode(models.TextChoices):
    """What one channel carries. Of text messages "off" still lets emergencies through."""

    NOW = "now", _("At once")
    DIGEST = "digest", _("Once a day, together")
    OFF = "off", _("Not at all")


class NoticePreference(models.Model):
    """What one person has chosen; who has chosen nothing has no row, and the defaults below.

    The inbox in the pages holds every notice whatever stands here. An emergency is texted whatever
    stands here too, in quiet hours as well.
    """

    user = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, primary_key=True, related_name="notice_preference"
    )
    # Empty: the installation's own language.
    language = models.CharField(max_length=8, choices=settings.LANGUAGES, blank=True)
    email_mode = models.CharField(max_length=8, choices=NoticeMode.choices, default=NoticeMode.NOW)
    sms_mode = models.CharField(max_length=8, choices=NoticeMode.choices, default=NoticeMode.OFF)
    wework_mode = models.CharField(max_length=8, choices=NoticeMode.choices, default=NoticeMode.OFF)
    # May cross midnight; the same time twice means that no hour is quiet.
    quiet_from = models.TimeField(default=time(22))
    quiet_until = models.TimeField(default=time(7))
    digest_at = models.TimeField(default=time(8, 30))
    wework_id = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.user_id}"

    @classmethod
    def of(cls, users: Iterable[models.Model | int]) -> dict[int, "NoticePreference"]:
        """The preference of each of these people (users or their ids); an unsaved default where no row is."""
        ids = {user if isinstance(user, int) else int(user.pk) for user in users}
        chosen = cls.objects.in_bulk(list(ids))
        return {user: chosen.get(user) or cls(user_id=user) for user in ids}

    @property
    def spoken(self) -> str:
        """The language to write to this person in."""
        return self.language or settings.LANGUAGE_CODE

    def mode_of(self, channel: str) -> str:
        """ "now", "digest" or "off" of the channel "email", "sms" or "wework"."""
        return str(getattr(self, f"{channel}_mode"))

    def is_quiet(self, at: datetime) -> bool:
        """Does this instant (aware) fall into the person's quiet hours? Their end is loud again."""
        now = at.astimezone(_ZONE).time()
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= now < self.quiet_until
        return now >= self.quiet_from or now < self.quiet_until

    def loud_from(self, at: datetime) -> datetime:
        """The first instant, from `at` on, outside the quiet hours."""
        return _next(self.quiet_until, at) if self.is_quiet(at) else at

    def next_digest(self, at: datetime) -> datetime:
        """The first digest time after `at`."""
        return _next(self.digest_at, at)


def _next(time_of_day: time, at: datetime) -> datetime:
    """The first instant after `at` at which the district's clocks show this."""
    local = at.astimezone(_ZONE)
    found = datetime.combine(local.date(), time_of_day, _ZONE)
    return (found if found > at else found + timedelta(days=1)).astimezone(at.tzinfo)
