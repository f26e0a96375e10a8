"""What everybody may open: residents' pages, what is published, and what a browser or a machine asks for."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from config.policy.rules import PUBLIC, SIGNED_IN, Rule
from config.policy.sections import Section, apart, both, reads, writes

_BY_CODE: Final = Rule(public=True, note=_("Whoever has the tracking code; nobody can guess one."))
_OWN: Final = Rule(public=True, note=_("Whoever has proved their phone number in this browser."))
_PICTURE: Final = Rule(
    public=True,
    note=_("By a signed address, or by whoever sees the case: for others there is no such picture."),
)

SECTIONS: Final = (
    Section(
        _("Residents: reporting"),
        {
            **both(PUBLIC, "report", "report-words-again", "report-place", "report-same", "report-finish"),
            **reads(PUBLIC, "report-received", "report-photo"),
            **writes(PUBLIC, "report-upload", "type-size"),
            **reads(PUBLIC, "place-code-look-up", "place-code", "place-code-signed"),
        },
    ),
    Section(
        _("Residents: following"),
        {
            **reads(PUBLIC, "resident-look-up"),
            **reads(_BY_CODE, "resident-status", "resident-photo"),
            **writes(_BY_CODE, "resident-rate", "resident-reply", "resident-add", "resident-texts"),
            **both(_BY_CODE, "resident-object", "resident-withdraw"),
            **both(_OWN, "own-ask", "own-code"),
            **reads(_OWN, "own-reports"),
            **writes(_OWN, "own-stop", "own-leave"),
        },
    ),
    Section(
        _("What is published"),
        {
            **reads(
                PUBLIC,
                "public-home",
                "public-cases",
                "public-points",
                "public-csv",
                "public-json",
                "public-case",
                "public-picture",
                "public-week-map",
            ),
        },
    ),
    Section(
        _("Signing in, and one's own"),
        {
            **apart(PUBLIC, PUBLIC, "set_language"),
            **both(PUBLIC, "sign-in-code"),
            "sign-in": {"GET": PUBLIC, "POST": PUBLIC, "PUT": PUBLIC},
            **writes(PUBLIC, "sign-out"),
            **reads(PUBLIC, "signed-out"),
            **reads(
                Rule(closed=True, note=_("Where signing in by a provider is set up.")),
                "sign-in-provider",
                "sign-in-provider-back",
            ),
            **both(
                Rule(closed=True, note=_("Where signing in by a provider is set up.")),
                "sign-in-provider-link",
            ),
            **reads(SIGNED_IN, "home", "my-sign-in"),
            **reads(Rule(note=_("Only says that somebody has no role.")), "nothing"),
            **writes(SIGNED_IN, "my-sign-in-end"),
            **both(
                SIGNED_IN,
                "password-change",
                "second-factor-set-up",
                "second-factor-codes",
                "second-factor-remove",
                "preferences",
            ),
            **reads(SIGNED_IN, "notices", "notices-bell"),
            **writes(SIGNED_IN, "notices-read"),
        },
    ),
    Section(
        _("Machines and browsers"),
        {
            **reads(PUBLIC, "healthz", "readyz", "metrics", "service-worker", "web-manifest"),
            **writes(
                Rule(closed=True, note=_("Signed by the core, in the outer zone alone.")), "outer-exchange"
            ),
        },
    ),
)
