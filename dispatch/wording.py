"""How pages say what an item binds its unit to."""

from django.utils.translation import ngettext

from dispatch.deadlines import Limit


def limit_words(limit: str | Limit) -> str:
    """A limit as a person says it: "4wh" is 4 working hours."""
    parsed = Limit.parse(limit) if isinstance(limit, str) else limit
    amount, unit = parsed.amount, parsed.unit
    if unit in ("m", "wm") and amount >= 60 and amount % 60 == 0:
        amount, unit = amount // 60, {"m": "h", "wm": "wh"}[unit]
    words = {
        "m": ngettext("%(count)d minute", "%(count)d minutes", amount),
        "h": ngettext("%(count)d hour", "%(count)d hours", amount),
        "wm": ngettext("%(count)d working minute", "%(count)d working minutes", amount),
        "wh": ngettext("%(count)d working hour", "%(count)d working hours", amount),
        "wd": ngettext("%(count)d working day", "%(count)d working days", amount),
    }
    return words[unit] % {"count": amount}
