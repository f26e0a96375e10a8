"""Who gets in, and whether what is sealed can still be opened."""

from collections.abc import Iterator
from typing import Final

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from accounts.identity.rules import RULES
from accounts.models import User
from accounts.sealing import unseal_bytes
from config.doctor.finding import Finding, Level
from config.resealing import sealed_columns
from incidents.models import Contact

_NAMED: Final = 5


def strict_sign_in() -> Iterator[Finding]:
    """Does the table of sign-ins hold in full?"""
    if settings.STRICT_SIGN_IN:
        yield Finding("sign-in", Level.GOOD, _("Sign-ins end, and administrators need a second factor."))
        return
    if not settings.PRODUCTION:
        return
    yield Finding(
        "sign-in",
        Level.PROBLEM,
        _(
            "STRICT_SIGN_IN is off: administrators get in with a password alone, and a sign-in that was left "
            "open does not end."
        ),
        _("Take STRICT_SIGN_IN=0 out of the settings and start again; docs/identity.md has what then holds."),
    )


def second_factors() -> Iterator[Finding]:
    """Has everybody one who must?"""
    if not settings.STRICT_SIGN_IN:
        return
    roles = [role for role, rule in RULES.items() if rule.second_factor]
    bare = User.objects.filter(is_active=True, memberships__role__in=roles, second_factor=None)
    names = list(bare.order_by("username").distinct().values_list("username", flat=True))
    if not names:
        yield Finding("second-factor", Level.GOOD, _("Whoever needs a second factor has one."))
        return
    shown = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
    yield Finding(
        "second-factor",
        Level.WARNING,
        _("Sign-ins that need a second factor and have none yet: %(number)s (%(names)s).")
        % {"number": len(names), "names": shown},
        _(
            "Until then their password alone is what a thief needs, who then sets up a factor of his own: "
            "let them sign in and set one up, or switch off who does not work here any more."
        ),
    )


def sealed_data() -> Iterator[Finding]:
    """Do the keys that are set open what is kept? The oldest and the newest row of each table say so."""
    closed: list[type[models.Model]] = []
    kept = False
    for model, names in sealed_columns().items():
        for name in names:
            for value in _ends(model, name):
                kept = kept or model is Contact
                try:
                    unseal_bytes(value)
                except (InvalidToken, ValueError):
                    closed.append(model)
    if Contact in closed:
        yield Finding(
            "sealed-data",
            Level.PROBLEM,
            _("The keys that are set (CONTACT_KEYS) do not open residents' names and numbers that are kept."),
            _(
                "Put back the keys that this data was written with, behind the present one. Without them "
                "names and numbers are lost; nothing else is."
            ),
        )
    others = sorted({model._meta.db_table for model in closed if model is not Contact})
    if others:
        yield Finding(
            "sealed-data",
            Level.PROBLEM,
            _("The keys that are set (CONTACT_KEYS) do not open what is sealed in: %(tables)s.")
            % {"tables": ", ".join(others)},
            _(
                "Put back the keys that this was written with, behind the present one. Whose second factor "
                "is lost (accounts_secondfactor) cannot sign in until it is reset."
            ),
        )
    if not closed:
        told = _("Residents' names and numbers can be read with the keys that are set.")
        yield Finding(
            "sealed-data", Level.GOOD, told if kept else _("No resident's name or number is kept yet.")
        )


def _ends(model: type[models.Model], name: str) -> set[bytes]:
    """What the oldest and the newest row that has something there have."""
    kept = model._default_manager.exclude(**{name: b""}).exclude(**{name: None})
    ends = (
        kept.order_by("pk").values_list(name, flat=True).first(),
        kept.order_by("-pk").values_list(name, flat=True).first(),
    )
    return {bytes(value) for value in ends if value}
