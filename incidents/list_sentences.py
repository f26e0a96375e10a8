"""What happened to the responsibility list, in the words of a notice (list_news.py says who hears which)."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.telling import Telling, moment, passed


def name(telling: Telling) -> str:
    """The version that the notice is about."""
    return _("Responsibility list, version %(version)s") % {"version": telling.number}


def _proposed(telling: Telling) -> str:
    count = int(telling.data.get("count", 0))
    words = ngettext(
        "It is proposed, with %(count)d changed item. Please decide on it.",
        "It is proposed, with %(count)d changed items. Please decide on it.",
        count,
    )
    return words % {"count": count}


def _adopted(telling: Telling) -> str:
    begins = {"from": moment(telling.data.get("from"))}
    if passed(telling, "from"):
        return _("It was adopted and has been live since %(from)s.") % begins
    return _("It was adopted and goes live on %(from)s.") % begins


def _live(telling: Telling) -> str:
    return _("It is live now. %(items)s") % {"items": _changed(telling)}


def _live_again(telling: Telling) -> str:
    told = {"before": telling.data.get("before", ""), "items": _changed(telling)}
    return _("It is live again, in the place of version %(before)s. %(items)s") % told


def _changed(telling: Telling) -> str:
    count = int(telling.data.get("count", 0))
    if telling.data.get("is_all"):
        words = ngettext("%(count)d item has changed.", "%(count)d items have changed.", count)
    else:
        words = ngettext(
            "%(count)d item of yours has changed.", "%(count)d items of yours have changed.", count
        )
    return words % {"count": count}


def _behind(telling: Telling) -> str:
    return _("Version %(live)s has gone live meanwhile. Take over what it changed, then propose yours.") % {
        "live": telling.data.get("live", "")
    }


def _given(telling: Telling) -> str:
    count = int(telling.data.get("count", 0))
    told = {"count": count, "codes": _codes(telling), "from": moment(telling.data.get("from"))}
    if passed(telling, "from"):
        words = ngettext(
            "Since %(from)s your unit leads %(count)d more item: %(codes)s.",
            "Since %(from)s your unit leads %(count)d more items: %(codes)s.",
            count,
        )
    else:
        words = ngettext(
            "From %(from)s on your unit leads %(count)d more item: %(codes)s.",
            "From %(from)s on your unit leads %(count)d more items: %(codes)s.",
            count,
        )
    return words % told


def _not_given(telling: Telling) -> str:
    count = int(telling.data.get("count", 0))
    words = ngettext(
        "It does not go live on %(from)s: %(count)d item does not come to your unit for now: %(codes)s.",
        "It does not go live on %(from)s: %(count)d items do not come to your unit for now: %(codes)s.",
        count,
    )
    return words % {"count": count, "codes": _codes(telling), "from": moment(telling.data.get("from"))}


def _codes(telling: Telling) -> str:
    """The first few items by their codes."""
    codes = list(telling.data.get("codes", ()))
    more = int(telling.data.get("count", 0)) > len(codes)
    return _(", ").join(codes) + ("…" if more else "")


STAFF: dict[str, Callable[[Telling], str]] = {
    "list.proposed": _proposed,
    "list.sent_back": lambda telling: _("It was sent back to you as a draft. There you find why."),
    "list.dropped": lambda telling: _("The draft was given up. There you find why."),
    "list.adopted": _adopted,
    "list.withdrawn": lambda telling: _("Its date was taken back: it is a proposal again."),
    "list.live": _live,
    "list.live_again": _live_again,
    "list.behind": _behind,
    "list.given": _given,
    "list.not_given": _not_given,
}
