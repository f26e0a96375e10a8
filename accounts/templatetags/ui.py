"""How every page says a time, a state and a clock. The lowest room, so that all rooms may load it.

{% load ui %}
{% icon "phone" %}   {% ring 0.4 "warned" %}   {% clock due now start=started %}
{{ seconds|duration }}   {{ instant|moment }}   {% state_badge incident.status %}
"""

from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import masking
from config import clock as district_clock

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86400
# From half of its limit on a clock is shown as warned: that is also when its first warning fires.
WARNED_BELOW = 0.5

# A case's status in the colour that rings, edges and tags take.
STATUS_STATES = {
    "triage": "primary",
    "dispatched": "primary",
    "handling": "primary",
    "resolved": "on",
    "closed": "closed",
    "parked": "paused",
    "suspended": "paused",
    "rejected": "closed",
    "merged": "closed",
}
MESSAGE_STATES = {"success": "on", "error": "overdue", "warning": "warned"}


# --- icons and rings ------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """An icon of static/dist/icons.svg. With a label it is an image of its own, else it is decoration."""
    spoken = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon {}" {} width="20" height="20"><use href="{}#{}"></use></svg>',
        css,
        spoken,
        static("dist/icons.svg"),
        name,
    )


@register.simple_tag
def ring(share: float | None = 1.0, state: str = "on", size: int = 16) -> SafeString:
    """A clock's ring: `share` of its limit is left. Overdue is a disc with a mark, paused two bars."""
    return _ring(share, state, size)


def _ring(share: float | None, state: str, size: int) -> SafeString:
    left = max(0.0, min(1.0, share if share is not None else 1.0)) * 100
    if state == "overdue":
        # Drawn on its side, as the ring is turned a quarter back: the mark then stands upright.
        inner = mark_safe(
            '<circle class="ring-disc" cx="18" cy="18" r="17"/>'
            '<path class="ring-mark" stroke-width="4" d="M26 18H15M10 18h.01"/>'
        )
    elif state == "paused":
        inner = mark_safe(
            '<circle class="ring-pause" cx="18" cy="18" r="15" stroke-width="3.5"/>'
            '<path class="ring-pause" stroke-width="4" d="M13 14.5h10M13 21.5h10"/>'
        )
    else:
        inner = format_html(
            '<circle class="ring-track" cx="18" cy="18" r="14.5" stroke-width="6"/>'
            '<circle class="ring-hand" cx="18" cy="18" r="14.5" stroke-width="6" pathLength="100"'
            ' stroke-dasharray="{} 100"/>',
            f"{left:.1f}",
        )
    return format_html(
        '<svg class="ring" data-state="{}" width="{}" height="{}" viewBox="0 0 36 36"'
        ' aria-hidden="true">{}</svg>',
        state,
        size,
        size,
        inner,
    )


@register.simple_tag
def state_badge(status: Any, label: str = "", state: str = "") -> SafeString:
    """A case's status as a word on its tint: `{% state_badge incident.status %}`."""
    words = label or getattr(status, "label", "") or _status_label(str(status))
    return format_html(
        '<span class="tag" data-state="{}">{}</span>',
        state or STATUS_STATES.get(str(status), "paused"),
        words,
    )


def _status_label(status: str) -> str:
    return {
        "triage": _("Awaiting dispatch"),
        "dispatched": _("Awaiting acceptance"),
        "handling": _("In hand"),
        "resolved": _("Awaiting verification"),
        "closed": _("Closed"),
        "parked": _("Parked"),
        "suspended": _("Suspended"),
        "rejected": _("Not accepted"),
        "merged": _("Merged"),
    }.get(status, status)


@register.simple_tag
def urgency_badge(urgency: Any) -> SafeString:
    """Says urgent and emergency; a routine matter needs no word."""
    if str(urgency) == "emergency":
        return format_html(
            '<span class="tag" data-state="emergency">{} {}</span>',
            icon("siren"),
            _("Emergency"),
        )
    if str(urgency) == "urgent":
        return format_html(
            '<span class="tag" data-state="warned">{} {}</span>',
            icon("warning"),
            _("Urgent"),
        )
    return mark_safe("")


# --- lengths of time ------------------------------------------------------------------------------


def spoken(seconds: float, *, precise: bool = False) -> str:
    """A length of time as a person says it: the two largest units, whole days from ten on."""
    minutes = int(seconds // MINUTE)
    hours, days = minutes // 60, minutes // 1440
    if days >= 10 or (days and hours % 24 == 0):
        return _("{days} d").format(days=days)
    if days:
        return _("{days} d {hours} h").format(days=days, hours=hours % 24)
    if hours and minutes % 60:
        return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes % 60)
    if hours:
        return _("{hours} h").format(hours=hours)
    if precise and minutes:
        return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=int(seconds % 60))
    if precise:
        return _("{seconds} s").format(seconds=int(seconds))
    return _("{minutes} min").format(minutes=minutes) if minutes else _("less than a minute")


@register.filter
def duration(seconds: float | timedelta | None) -> str:
    """{{ 8040|duration }} → 2 小时 14 分. Nothing measured is a dash."""
    if seconds is None:
        return "—"
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    return spoken(abs(float(seconds)))


def remaining_words(due: datetime, now: datetime, *, precise: bool = False) -> str:
    """剩 11 分, or 超时 18 分 once it has passed."""
    left = (due - now).total_seconds()
    length = spoken(abs(left), precise=precise and abs(left) < HOUR)
    return (_("{length} left") if left >= 0 else _("{length} overdue")).format(length=length)


def labelled(label: str, words: str) -> str:
    """The label in front of the words: with a space between them, except in Chinese."""
    if not label:
        return words
    return f"{label}{words}" if (get_language() or "").startswith("zh") else f"{label} {words}"


@register.simple_tag
def remaining(due: datetime | None, now: datetime | None = None, *, precise: bool = False) -> SafeString:
    """The words of a clock alone; they tick where scripts run."""
    if due is None:
        return mark_safe("")
    words = remaining_words(due, now or district_clock.now(), precise=precise)
    flag = mark_safe(" data-precise") if precise else ""
    return format_html('<span data-due="{}"{}>{}</span>', due.isoformat(), flag, words)


@register.simple_tag
def clock(
    due: datetime | None,
    now: datetime | None = None,
    *,
    start: datetime | None = None,
    state: str = "",
    urgency: Any = "",
    label: str = "",
    paused: str = "",
    precise: bool = False,
    size: int = 16,
) -> SafeString:
    """A ring beside its words, ticking: `{% clock due now start=started urgency=incident.urgency %}`.

    `label` stands before the words ("签收"); `paused` gives the words of a stopped clock instead;
    `state` overrules what the times say. A case without a due time shows nothing.
    """
    if paused:
        return format_html(
            '<span class="clock" data-state="paused">{}<span>{}</span></span>',
            _ring(1, "paused", size),
            paused,
        )
    if due is None:
        return mark_safe("")
    now = now or district_clock.now()
    share = share_left(start, due, now)
    fixed = state or ("emergency" if str(urgency) == "emergency" else "")
    shown = clock_state(start, due, now, fixed=fixed)
    attributes = {
        "data-due": due.isoformat(),
        "data-start": start.isoformat() if start else None,
        "data-label": label or None,
        "data-fixed": fixed or None,
        "data-precise": "" if precise else None,
    }
    return format_html(
        '<span class="clock" data-state="{}"{}>{}<span data-clock-words>{}</span></span>',
        shown,
        _attributes(attributes),
        _ring(share, shown, size),
        labelled(label, remaining_words(due, now, precise=precise)),
    )


@register.simple_tag
def clock_block(
    due: datetime | None,
    now: datetime | None = None,
    *,
    start: datetime | None = None,
    urgency: Any = "",
    label: str = "",
    above: str = "",
    note: str = "",
    paused: str = "",
) -> SafeString:
    """The large clock at the head of a case: a word above, the time left, its limit and due time below."""
    now = now or district_clock.now()
    fixed = "emergency" if str(urgency) == "emergency" else ""
    shown = "paused" if paused or due is None else clock_state(start, due, now, fixed=fixed)
    words = paused or (labelled(label, remaining_words(due, now, precise=True)) if due else "—")
    attributes: dict[str, str | None] = {}
    if due is not None and not paused:
        attributes = {
            "data-due": due.isoformat(),
            "data-start": start.isoformat() if start else None,
            "data-label": label or None,
            "data-fixed": fixed or None,
            "data-precise": "",
        }
    return format_html(
        '<div class="clock-block" data-state="{}"{}>{}<div>{}'
        '<div class="clock-words" data-clock-words>{}</div>{}</div></div>',
        shown,
        _attributes(attributes),
        _ring(share_left(start, due, now) if due else 1, shown, 52),
        format_html('<div class="clock-note">{}</div>', above) if above else "",
        words,
        format_html('<div class="clock-note">{}</div>', note) if note else "",
    )


def share_left(start: datetime | None, due: datetime, now: datetime) -> float:
    """How much of a clock's span is left, 1 to 0. Without its start a clock shows full until due."""
    if start is None or due <= start:
        return 1.0 if now < due else 0.0
    return max(0.0, min(1.0, (due - now) / (due - start)))


def clock_state(start: datetime | None, due: datetime, now: datetime, *, fixed: str = "") -> str:
    """The colour of a clock. Overdue overrules everything, an emergency keeps its own colour."""
    if now > due:
        return "overdue"
    if fixed:
        return fixed
    return "warned" if share_left(start, due, now) <= WARNED_BELOW else "on"


def _attributes(values: dict[str, str | None]) -> SafeString:
    return format_html_join("", ' {}="{}"', ((k, v) for k, v in values.items() if v is not None))


# --- instants -------------------------------------------------------------------------------------


@register.filter
def moment(at: datetime | None, style: str = "") -> SafeString:
    """An instant as a person says it: 19:23 today, 昨天 19:23, 7月6日 18:00, with the year when it differs.

    Style "time" is the time of day alone, "full" always says date and year, "day" leaves out the time.
    """
    if at is None:
        return mark_safe("—")
    local, today = timezone.localtime(at), timezone.localdate(district_clock.now())
    time_of_day = f"{local:%H:%M}"
    days = (local.date() - today).days
    if style == "time" or (style == "" and days == 0):
        words = time_of_day
    elif style == "" and days in (-1, 1):
        words = (_("yesterday {time}") if days < 0 else _("tomorrow {time}")).format(time=time_of_day)
    else:
        words = _day(local, with_year=style == "full" or local.year != today.year)
        if style != "day":
            words = _("{day} {time}").format(day=words, time=time_of_day)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(), f"{local:%Y-%m-%d %H:%M:%S}", words
    )


@register.filter
def day_words(day: date) -> str:
    """{{ day|day_words }} → 7月6日, or 6 Jul; the year is never said."""
    return _day(day, with_year=False)


def _day(local: date, *, with_year: bool) -> str:
    if (get_language() or "").startswith("en"):
        return f"{local.day} {local:%b}" + (f" {local.year}" if with_year else "")
    return (f"{local.year}年" if with_year else "") + f"{local.month}月{local.day}日"


@register.simple_tag
def now_iso() -> str:
    """The district's time; the page's clocks tick on from it."""
    return district_clock.now().isoformat()


@register.simple_tag
def clock_rate() -> float:
    """How fast the district's clock runs beside the wall's."""
    return float(settings.CLOCK_RATE)


# --- numbers --------------------------------------------------------------------------------------


@register.filter
def percent(share: float | None, digits: int = 0) -> str:
    """{{ 0.714|percent }} → 71%. Nothing measured is a dash."""
    return "—" if share is None else f"{float(share) * 100:.{digits}f}%"


@register.filter
def starred(words: str) -> str:
    """Somebody's words, with the middle of each number that may belong to a person starred."""
    return masking.starred(words)


@register.filter
def hours(seconds: float | None, digits: int = 2) -> str:
    """Seconds as hours; nothing measured is a dash."""
    return "—" if seconds is None else f"{float(seconds) / HOUR:,.{digits}f}"


@register.filter
def days(seconds: float | None, digits: int = 2) -> str:
    """Seconds as days; nothing measured is a dash."""
    return "—" if seconds is None else f"{float(seconds) / DAY:,.{digits}f}"


@register.filter
def grouped(number: float | None) -> str:
    """38,742: thousands apart; nothing measured is a dash."""
    return "—" if number is None else f"{number:,}"


@register.simple_tag
def bar(share: float | None, state: str = "primary", css: str = "") -> SafeString:
    """A bar of `share` (0 to 1) of its width; the number stands beside it in words."""
    width = max(0.0, min(1.0, share or 0.0)) * 100
    return format_html(
        '<span class="bar {}" data-state="{}" aria-hidden="true"><i style="width:{}%"></i></span>',
        css,
        state,
        f"{width:.1f}",
    )


# --- pages ----------------------------------------------------------------------------------------


@register.simple_tag
def phrases() -> dict[str, str]:
    """The sentences that the page's scripts say, in the reader's language."""
    return {
        "d": _("{days} d"),
        "dh": _("{days} d {hours} h"),
        "hm": _("{hours} h {minutes} min"),
        "h": _("{hours} h"),
        "ms": _("{minutes} min {seconds} s"),
        "s": _("{seconds} s"),
        "m": _("{minutes} min"),
        "soon": _("less than a minute"),
        "left": _("{length} left"),
        "over": _("{length} overdue"),
        "live": _("Live"),
        "emergency": _("Emergency! {title}"),
        "stale": _("No answer for {length}"),
        "close": _("Close"),
        "copied": _("Copied"),
        "keys": _("Keys"),
        "keysHere": _("On this page"),
        "keysMove": _("Moving"),
        "keysNext": _("Next case"),
        "keysPrevious": _("Previous case"),
        "keysHelp": _("This help"),
        "picked": _("{count} chosen"),
        "dropWord": _("Take out “{word}”"),
        "putBackWord": _("Put “{word}” back"),
        "unsaved": _("What you typed is not saved. Leave it?"),
        "notPhoto": _("“{name}” is not a photo."),
        "photoHeic": _(
            "“{name}” is a HEIC photo, which cannot be shown everywhere. Send it as JPEG: on an iPhone, "
            "Settings, Camera, Formats, Most Compatible."
        ),
        "photoTooLarge": _("“{name}” is larger than {size} MB."),
        "photosTooMany": _("At most {count} photos."),
        "removePhoto": _("Remove photo {name}"),
        "noAnswer": _("No connection. Nothing was sent; please try again."),
        "refused": _("That did not work (error {status})."),
        "keptHere": _("On this phone, waits"),
        "offlineKept": _("Kept on this phone. It is sent by itself once there is a connection."),
        "offlineWaiting": _("{count} kept on this phone, sent by itself once there is a connection"),
        "offlinePhotos": _("Photos: {count}"),
        "offlineSomeRefused": _("{count} not taken: see why, and send it again or remove it"),
        "offlineSent": _("Sent: {title}."),
        "offlineRefused": _("Not taken: {reason}"),
        "offlineSignIn": _("Kept on this phone. Sign in again to send it."),
        "offlineSignInLink": _("Sign in"),
        "offlineAgain": _("Send now"),
        "offlineMend": _("Mend it"),
        "offlineNoForm": _("Its form is not open to you any more. What you wrote stays in the list."),
        "offlineOpen": _("See it"),
        "offlineRemove": _("Remove"),
        "offlineSure": _("Remove “{title}”? What you wrote and its photos are lost."),
        "metres": _("{n} m"),
        "kilometres": _("{n} km"),
        "awayFromYou": _("{far} from you"),
        "zoomIn": _("Zoom in"),
        "zoomOut": _("Zoom out"),
        "whereAmI": _("Where I am"),
        "placeRefused": _("No position from this device"),
        "mapMore": _("and {count} more"),
        "mapStale": _("Not up to date: the server did not answer. Moving the map asks again."),
        "mapBroken": _("The map could not be drawn. The rest of the page works without it."),
    }


@register.filter
def message_state(level_tag: str) -> str:
    """The colour of one of Django's messages."""
    return MESSAGE_STATES.get(level_tag, "")


@register.simple_tag(takes_context=True)
def page_link(context: dict[str, Any], number: int | str, parameter: str = "page") -> str:
    """The present address with another page number: filters stay as they are."""
    query = context["request"].GET.copy()
    query[parameter] = str(number)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changes: Any) -> str:
    """The present address with some parameters changed; an empty one is dropped, the page number too."""
    query = context["request"].GET.copy()
    query.pop("page", None)
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"
