"""What a running installation would have forecast by now, and a rule of repeats that somebody changed."""

from datetime import datetime, timedelta
from typing import Final

from accounts.models import User
from dashboards.forecasting import making
from dashboards.models import RepeatRuleRevision
from dashboards.warning import repeat_rules
from incidents.actor import Actor

_WHY: Final = "人行道一坏再坏，三次就应转交整治，不等五次。"
_TRAFFIC: Final = "同一路口占道每天都有人报，按五件报警太密，先放宽到八件看两周。"
_RULES: Final = (("place", "0203", 30, 3, _WHY, 9), ("place", "01", 14, 8, _TRAFFIC, 4))
# Forecasts of so many days ago, to be held against what came.
_BACK: Final = (21, 14, 7, 0)


def look_ahead(*, at: datetime) -> None:
    """Make the forecasts anew: history that was played since was not there when an earlier one was made."""
    for number, back in enumerate(_BACK):
        making.make(at=at - timedelta(days=back), again=number == 0)


def change_rules(*, at: datetime) -> None:
    """As the supervisor who signs in would have, some days ago; once."""
    user = User.objects.filter(username="supervisor").first()
    if user is None or RepeatRuleRevision.objects.exists():
        return
    actor = Actor.person(user, "operations-centre")
    for by, matter, days, at_least, words, back in _RULES:
        repeat_rules.set_rule(
            by=by, matter=matter, days=days, at_least=at_least, is_active=True, words=words,
            actor=actor, at=at - timedelta(days=back),
        )  # fmt: skip
