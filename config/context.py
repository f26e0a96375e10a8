"""What every page knows: the district, the language, who is signed in and where they may go."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from accounts.models import OrgUnit, User
from accounts.roles import Role
from accounts.viewer import viewer_of
from config import clock
from config.models import DemoHistory
from dashboards.warning.reach import reads as reads_warnings
from dispatch.pages.access import LIST_ROLES
from dispatch.pages.registers import KEEPERS as REGISTER_KEEPERS
from dispatch.stewards import waiting_for as waiting_proposals
from grids.locate import geography
from incidents import alarms, oversight, policy, queries
from incidents.centre import handing
from incidents.centre.centres import desks_of, has_centre
from incidents.field import rounds
from incidents.instructing.reach import ROLES as INSTRUCTED_ROLES
from incidents.instructing.reach import offices
from incidents.instructing.reading import waiting_for as waiting_instructions
from incidents.mediation.files import keeps_mediations
from incidents.models import Incident
from incidents.outer import pages as outer_pages
from incidents.pages.access import CASE_ROLES, DESK_ROLES, READING_ROLES
from incidents.pages.callbacks import is_caller
from incidents.pages.inbox import waiting_for
from incidents.pages.notices import unread_count
from incidents.pages.oversight_places import letters_waiting, places
from incidents.pages.place_codes import KEEPERS as CODE_KEEPERS
from incidents.privacy import asking
from incidents.sources.councils import KEEPERS as COUNCIL_KEEPERS
from incidents.sources.naming import may_name
from incidents.sources.petitions import may_enter


def site(request: HttpRequest) -> dict[str, object]:
    """Template context shared by all pages. What costs a query is only made where a template asks."""
    user = getattr(request, "user", None)
    context: dict[str, object] = {
        "is_demo": not settings.PRODUCTION,
        "is_outer": settings.ZONE == "outer",
        # Of pages outside: does the core come, and has it published anything?
        "outer_zone": SimpleLazyObject(lambda: outer_pages.standing(now=timezone.now())),
        "languages": settings.LANGUAGES,
        "district_name": SimpleLazyObject(district_name),
    }
    if isinstance(user, User):
        viewer = viewer_of(user)
        context.update(
            nav=SimpleLazyObject(lambda: navigation(request, user)),
            home_unit=SimpleLazyObject(lambda: viewer.home_unit),
            role_names=SimpleLazyObject(
                lambda: _(", ").join(str(Role(role).label) for role in sorted(viewer.roles))
            ),
            search_url=SimpleLazyObject(
                lambda: reverse("cases") if viewer.roles.intersection(READING_ROLES) else ""
            ),
            banner=SimpleLazyObject(banner),
            unread_notices=SimpleLazyObject(lambda: unread_count(user)),
            oversight_places=SimpleLazyObject(lambda: places(user, clock.now())),
            works_offline=SimpleLazyObject(lambda: bool(viewer.roles.intersection(OFFLINE_ROLES))),
            keeps_privacy=SimpleLazyObject(lambda: asking.may_keep(user)),
            has_roster=SimpleLazyObject(lambda: bool(viewer.roles.intersection(CASE_ROLES))),
        )
    return context


# Who works where there is no line: their pages alone are kept on their phones (frontend/sw.js).
OFFLINE_ROLES = frozenset({Role.PATROL, Role.HANDLER})

# Pages that a supervisor comes to from the desk of supervision.
_OVERSIGHT = ("/instructions/", "/secretary/", "/disputes/")
_READ_FIRST = ("board", "warnings", "briefs", "instructions", "cases")


def navigation(request: HttpRequest, user: User) -> list[dict[str, Any]]:
    """The places that this person's roles open, with what waits there; a count each for desk and inbox."""
    roles, seen, at = viewer_of(user).roles, policy.visible(user), clock.now()
    items: list[dict[str, Any]] = []

    def add(name: str, label: str, icon: str, **more: Any) -> None:
        query, also = more.pop("query", ""), more.pop("also", ())
        try:
            url = reverse(name)
        except NoReverseMatch:  # an installation without that room's pages
            return
        active = request.path == url or (url != "/" and request.path.startswith((url, *also)))
        items.append(
            {"name": name, "url": url + query, "label": label, "icon": icon, "active": active, **more}
        )

    if roles.intersection(DESK_ROLES):
        waiting = Incident.objects.filter(seen).at_desk()
        add("desk", _("Desk"), "triage", count=_count(waiting))
    if Role.HANDLER in roles:
        add("inbox", _("Inbox"), "inbox", count=_count(waiting_for(user)))
    if Role.PATROL in roles:
        on_round = request.path == reverse("patrol") or request.path.startswith("/patrol/check/")
        add("patrol", _("My round"), "route", count=_count(rounds.open_checks(user)), active=on_round)
        add("patrol-report", pgettext("patrol", "Report"), "camera")
        add("patrol-found", _("My findings"), "flag")
    if roles.intersection(READING_ROLES):
        add("cases", pgettext("page", "Cases"), "cases")
    if is_caller(user):
        add("callbacks", _("Callbacks"), "phone")
    if roles.intersection(READING_ROLES):
        add("knowledge", pgettext("knowledge base", "Answers"), "book")
    if Role.SUPERVISOR in roles:
        overdue = oversight.selected(Incident.objects.filter(seen), oversight.OVERDUE, at)
        add(
            "supervision",
            _("Supervision"),
            "supervise",
            count=_count(overdue),
            state="overdue",
            also=_OVERSIGHT,
        )
    else:
        owed = waiting_instructions(user) if roles.intersection(INSTRUCTED_ROLES) else 0
        # Whoever instructs nobody is shown the page while they owe something there.
        if owed or Role.LEADER in roles:
            add("instructions", _("Instructions"), "instruct", count=str(owed or ""))
        if Role.LEADER in roles and offices(user):
            add("letters", _("Letters to the secretary"), "letter", count=_count(letters_waiting(user)))
    if has_centre(viewer_of(user)):
        notes = handing.waiting_for(user, desks_of(viewer_of(user)))
        add("centre", pgettext("page", "Centre"), "users", count=_count(notes), state="warned")
    if roles.intersection(LIST_ROLES):
        add("lists", _("Responsibility list"), "list", count=_count(waiting_proposals(user)))
    if roles.intersection(REGISTER_KEEPERS):
        add("facilities", _("Facilities and names"), "map-pin", also=("/registers/", "/codes/"))
    elif roles.intersection(CODE_KEEPERS):
        add("place-codes", _("Printed codes"), "qr")
    if roles.intersection({*DESK_ROLES, Role.LEADER}):
        add("board", _("Board"), "board")
    if roles.intersection(DESK_ROLES):
        add("release", _("For the public"), "eye")
    if reads_warnings(user):
        add("warnings", _("Early warning"), "alert", also=("/projects/",))
    if roles.intersection({Role.SUPERVISOR, Role.LEADER}):
        add("scoring", _("Scores"), "scale")
        add("briefs", pgettext("page", "Briefs"), "file")
        add("forecast", pgettext("page", "Forecast"), "trend")
        add("simulation", _("Simulated year"), "history")
    if roles:
        add("data", pgettext("page", "Data"), "table")
    if roles.intersection(DESK_ROLES) and may_enter(user):
        add("petitions", _("Letters and visits"), "file")
        add("bulk-imports", pgettext("page", "Import reports"), "upload")
    if roles.intersection(COUNCIL_KEEPERS):
        add("councils", _("Block councils"), "community")
    if keeps_mediations(viewer_of(user)):
        add("mediations", _("Mediation"), "scale")
    if may_name(user):
        add("sources", _("Sources"), "share")
    if roles.intersection({Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN}):
        add("sensors", _("Sensors"), "device")
    if Role.ADMIN in roles:
        add("installation", _("Installation"), "settings")
    elif Role.SECURITY in roles:
        add("sign-ins", _("Sign-ins"), "shield", also=("/installation/people/",))
    if Role.AUDITOR in roles:
        add("audit", _("Audit log"), "history")
    if Role.LEADER in roles and not roles.intersection((*DESK_ROLES, Role.HANDLER, Role.PATROL)):
        # Who only reads begins with what it adds up to: a phone's bar has room for the first five.
        items.sort(key=lambda item: _READ_FIRST.index(item["name"]) if item["name"] in _READ_FIRST else 9)
    elif Role.ADMIN in roles and not roles.intersection(DESK_ROLES):
        items.sort(key=lambda item: item["name"] != "installation")  # what they keep, on a phone too
    return items


def _count(cases: Any) -> str:
    """A number, "999+", or nothing where nothing waits."""
    count = queries.bounded_count(cases)
    if count > queries.COUNT_MAX:
        return f"{queries.COUNT_MAX}+"
    return str(count) if count else ""


def banner() -> dict[str, Any] | None:
    """What everybody on the staff should know before they trust the page: a word, and how bad it is."""
    return seeding() or stopped_sweeps()


def stopped_sweeps() -> dict[str, Any] | None:
    """An alarm where sweeps stand still; one query, kept for some seconds."""
    stopped = alarms.stopped(now=timezone.now()) if settings.WATCH_SWEEPS else []
    if not stopped:
        return None
    text = _("Stopped: %(sweeps)s. Nothing is lost, but it comes late until the workers run again.") % {
        "sweeps": _(", ").join(str(alarms.SWEEPS[sweep.name][0]) for sweep in stopped)
    }
    return {"text": text, "is_alarm": True}


def seeding() -> dict[str, Any] | None:
    """How far the demo's history has come while it is being built, for the banner."""
    if settings.PRODUCTION:
        return None
    history = DemoHistory.objects.filter(name="past", done__lt=F("total")).first()
    if history is None:
        return None
    text = _("The demo's history is being built: %(done)d of %(total)d days") % {
        "done": history.done,
        "total": history.total,
    }
    return {"text": text, "share": history.done / history.total}


def district_name() -> str:
    """The district that this installation serves, in the reader's language."""
    names = _outside() if settings.ZONE == "outer" else _district_names()
    return names[1] if (get_language() or "").startswith("en") else names[0]


@lru_cache(maxsize=1)
def _read_district() -> tuple[str, str]:
    unit = OrgUnit.objects.filter(kind=OrgUnit.Kind.DISTRICT).first()
    return (unit.name_zh, unit.name_en) if unit else ("", "")


def _outside() -> tuple[str, str]:
    """There are no units there; its map was pushed."""
    areas = geography()
    return areas.names.get(areas.district or "", ("", ""))


def _district_names() -> tuple[str, str]:
    names = _read_district()
    if not names[0]:
        _read_district.cache_clear()  # before the reference data is there
    return names
