"""Build a credible district through the production actions: its people, and 90 days of cases."""

import random
from argparse import ArgumentParser
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.roles import ADMINISTRATORS, Role
from config import clock
from config.models import DemoHistory
from config.progress import say
from config.simulation import mediating, rounds, warning
from config.simulation.above import look_from_above
from config.simulation.briefs import issue_briefs
from config.simulation.bulk import take_in_files
from config.simulation.centre import run_centres, staff_centres
from config.simulation.contested import CONTESTS
from config.simulation.crew import Crew, Memory
from config.simulation.data import build_data, use_data
from config.simulation.doors import open_doors
from config.simulation.expecting import change_rules, look_ahead
from config.simulation.facilities import prepare_facilities, report_torn
from config.simulation.governing import act_on_warnings
from config.simulation.in_hand import prepare_canned
from config.simulation.joining import take_out_strays
from config.simulation.knowledge import prepare_knowledge
from config.simulation.people import LOGINS, prepare_people
from config.simulation.releasing import look_through
from config.simulation.reports import Made, Residents
from config.simulation.rhythm import instants
from config.simulation.rosters import prepare_rosters
from config.simulation.scoring import score_months
from config.simulation.sensing import prepare_sensors
from config.simulation.views import prepare_views
from config.simulation.year.asking import SHIPPED
from config.simulation.year.keeping import keep_shipped
from dispatch.edition import work_calendar
from incidents import delivery
from incidents.driving import drive_clocks
from incidents.intake import Receipt, ReportDraft, receive_one
from incidents.models import Incident
from incidents.models.incident import Status
from incidents.numbers import DISTRICT_ZONE, district_day
from incidents.repeats import find_repeats

RECENT_DAYS = 5
PER_DAY = 60.0
_LAMPS = 5
_REPEATED = 0.03  # of reports: said again by neighbours
# Work that is left for whoever signs in: what came to the desk lately, and to the logins' own units.
_DESK_WAITS = timedelta(hours=16)
_OWN_WAITS = timedelta(hours=40)
_CHECKS_WAIT = timedelta(hours=30)
# What is older than this has been told in its time.
_NEWS = timedelta(days=1)


class Command(BaseCommand):
    help = "Build the demo: sign-ins and tokens, and 90 days of cases through the production actions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", action="store_true", help="only sign-ins and tokens")
        parser.add_argument("--first", action="store_true", help="only the last days, about 200 cases")
        parser.add_argument("--days", type=int, default=RECENT_DAYS, help="how many days the last days are")
        parser.add_argument("--rest", action="store_true", help="only what lies before them")

    def handle(
        self, *, people: bool, first: bool, rest: bool, days: int = RECENT_DAYS, **options: Any
    ) -> None:
        if settings.PRODUCTION:
            raise CommandError("seed_demo is refused in production")
        prepare_people(settings.VAR_DIR / "demo.json")
        # The district's own leader takes nobody's calls, and an administrator sees no case.
        units = [
            unit for _name, role, unit, _who in LOGINS if role not in ADMINISTRATORS and unit != "district"
        ]
        prepare_rosters([login[0] for login in LOGINS], list(dict.fromkeys(units)), at=clock.now())
        prepare_canned(at=clock.now())
        prepare_views(at=clock.now())
        prepare_knowledge(at=clock.now())
        keep_shipped(SHIPPED, at=clock.now())
        if people:
            return
        prepare_facilities(at=clock.now())
        everything = not first and not rest
        if first or everything:
            _play("recent", days)
            report_torn(at=clock.now())
            look_from_above(at=clock.now())
            prepare_sensors(at=clock.now())
            open_doors(at=clock.now())
            take_in_files(at=clock.now())
            take_out_strays(at=clock.now())
            staff_centres(at=clock.now())
            run_centres(at=clock.now())
            warning.tell(at=clock.now())
            build_data(at=clock.now())
            use_data(at=clock.now())
            look_through(at=clock.now())
            mediating.take_on(at=clock.now())
            mediating.lay_before_the_mediator(at=clock.now())
        if rest or everything:
            _play("past", max(0, settings.DEMO_DAYS))
            run_centres(at=clock.now())
            score_months(at=clock.now())
            _find_repeats()
            mediating.ask_after(at=clock.now())
            warning.look(at=clock.now(), fresh=True)
            act_on_warnings(at=clock.now())
            change_rules(at=clock.now())
            look_ahead(at=clock.now())
            issue_briefs(at=clock.now())
            build_data(at=clock.now())


def _find_repeats() -> None:
    """What the sweep of a running installation has found already."""
    while find_repeats(now=timezone.now()):
        pass


def _play(name: str, days: int) -> None:
    """Play a stretch of history, newest day first; goes on where an earlier run was stopped."""
    history, _created = DemoHistory.objects.get_or_create(
        name=name, defaults={"anchor": clock.now(), "total": days}
    )
    if history.is_complete:
        return
    newest = district_day(history.anchor) - timedelta(days=0 if name == "recent" else RECENT_DAYS)
    with drive_clocks():
        while not history.is_complete:
            day = newest - timedelta(days=history.done)
            cases = _play_day(day, history)
            delivery.leave_untold(before=history.anchor - _NEWS)
            history.done += 1
            history.save(update_fields=["done"])
            say(f"demo: {day}, {cases} cases ({history.done} of {history.total} days)")


def _play_day(day: date, history: DemoHistory) -> int:
    """One day's reports and what became of them, as of the history's end. The day seeds its own dice,
    so a day that was stopped half way is filed again and found to be there already."""
    dice = random.Random(day.toordinal())
    residents = Residents(dice, prefix=f"demo-{day:%Y%m%d}")
    # Of their own: a case that is found to be there is not lived again, and the reports must not notice.
    fate = random.Random(f"fate {day}")
    crew = Crew(fate)
    walked = frozenset(unit for _username, role, unit, _name in LOGINS if role == Role.PATROL)
    crew.leave_checks(walked, since=history.anchor - _CHECKS_WAIT)
    calendar = work_calendar()
    arrivals = instants(
        day,
        day,
        per_day=PER_DAY,
        calendar=calendar,
        dice=random.Random(-day.toordinal()),
        until=history.anchor,
    )
    cases = 0
    # Street lamps for the handler who signs in: on the last two days something is always out.
    age = history.anchor - datetime.combine(day, time(), DISTRICT_ZONE)
    lamps = _LAMPS if age < timedelta(days=2) else 0
    night = datetime.combine(day, time(0, 20), DISTRICT_ZONE)
    extra = [night + timedelta(minutes=13 * number) for number in range(lamps)]
    told = [*((at, "") for at in arrivals), *((at, "0204") for at in extra if at < history.anchor)]
    told += [one for one in contested_reports(day) if one[0] < history.anchor]
    if history.name == "recent":
        told += [one for one in mediating.disputes(day) if one[0] < history.anchor]
    for at, category in told:
        made = residents.report(at, category=category)
        filings = [(made, at)]
        if dice.random() < _REPEATED:
            # Said again before anybody has acted: most such reports join the case, some cannot.
            filings.append((residents.repeat(made), at + timedelta(minutes=dice.uniform(2, 90))))
        receipts = [_file(filing.draft, when) for filing, when in filings]
        for receipt in receipts:
            if receipt.created and not receipt.joined:
                cases += 1
                _live(receipt.incident, made, crew, fate, history)
    if history.name == "recent":
        for finding in rounds.walk(day, until=history.anchor):
            cases += 1
            memory = Memory(item=finding.item_code or f"{finding.category_id}-001")
            crew.play(finding, memory, since=finding.received_at, until=history.anchor)
    return cases


def contested_reports(day: date) -> list[tuple[datetime, str]]:
    """Now and then one more about what units dispute, so that a pattern shows within a season."""
    dice = random.Random(f"contested {day}")
    noon = datetime.combine(day, time(11, 7), DISTRICT_ZONE)
    return [
        (noon + timedelta(minutes=dice.uniform(0, 300)), item)
        for item in sorted(CONTESTS)
        if dice.random() < CONTESTS[item].often
    ]


def _file(draft: ReportDraft, at: datetime) -> Receipt:
    receipt = receive_one(draft, at=at)
    if not isinstance(receipt, Receipt):
        raise CommandError(f"{draft.external_id} was refused: {receipt.field} {receipt.message}")
    return receipt


def _live(incident: Incident, made: Made, crew: Crew, dice: random.Random, history: DemoHistory) -> None:
    """Let the crew act on a case, but for the work that is left to whoever signs in."""
    age = history.anchor - incident.received_at
    fresh_on_desk = incident.status == Status.TRIAGE and age < _DESK_WAITS and dice.random() < 0.75
    if fresh_on_desk:
        return
    own = {unit for _username, _role, unit, _name in LOGINS}
    until = history.anchor
    if incident.owner_unit_id in own and incident.status != Status.TRIAGE and age < _OWN_WAITS:
        # Half wait for acceptance, half are in hand.
        until = incident.received_at + timedelta(hours=dice.choice((0, 2)))
    crew.play(incident, Memory(item=made.item), since=incident.received_at, until=min(until, history.anchor))
