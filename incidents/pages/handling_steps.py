"""Steps of the unit that has a case: into whose hands, a message to the reporter, what came of it."""

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.roles import Action
from incidents import actions
from incidents.actions.handling import closing_condition
from incidents.errors import InvalidInput
from incidents.models import Attachment
from incidents.models.incident import ResolutionOutcome
from incidents.pages import handling_forms
from incidents.pages.doing import Doing, Step
from incidents.pages.step_photos import kept_photos

_PICTURES = re.compile("照片|影像|拍照|对照照|前后照")


def asks_for_pictures(condition: str) -> bool:
    """Does a closing condition name pictures among what has to be there?"""
    return bool(_PICTURES.search(condition))


def _assign(doing: Doing) -> str:
    to = doing.given["to"]
    actions.assign(to=to, text=doing.given["text"], **doing.common)
    if not to:
        return _("Back to everybody of the unit.")
    if to == doing.user.username:
        return _("It is in your hands.")
    return _("Now in the hands of %(name)s.") % {"name": User.objects.get(username=to)}


def _message(doing: Doing) -> str:
    actions.message(text=doing.given["text"], **doing.common)
    return _("Sent to the reporter.")


def _resolve(doing: Doing) -> str:
    photos = kept_photos(doing, Attachment.Stage.AFTER)
    form, outcome = doing.given["form"], doing.given["outcome"]
    is_parked = outcome == ResolutionOutcome.PARKED  # an interim answer counts from when it arrives
    if (
        outcome == ResolutionOutcome.SOLVED
        and not photos
        and asks_for_pictures(closing_condition(doing.incident))
    ):
        shown = doing.incident.attachments.filter(stage=Attachment.Stage.AFTER)
        if not shown.exists():
            raise InvalidInput(
                "photos", "required", _("The closing condition asks for pictures: add one of afterwards.")
            )
    actions.resolve(
        outcome=outcome,
        text=doing.given["text"],
        attested=doing.given["attested"],
        parked_until=doing.given["parked_until"],
        happened_at=form.happened(doing.at) if is_parked else doing.happened(),
        mediation=form.mediated(),
        # Those that were put on the case before are there already.
        photos=[photo for photo in photos if photo.incident_id is None],
        **doing.common,
    )
    if is_parked:
        return _("Parked. It comes back by itself on the date.")
    return _("Resolved. Somebody else verifies it now.")


STEPS: Mapping[str, Step] = {
    "assign": Step(
        Action.ASSIGN,
        gettext_lazy("Hand it on"),
        gettext_lazy("Hand it on"),
        _assign,
        handling_forms.AssignForm,
    ),
    "message": Step(
        Action.MESSAGE,
        gettext_lazy("Write to the reporter"),
        gettext_lazy("Send to the reporter"),
        _message,
        handling_forms.MessageForm,
    ),
    "resolve": Step(
        Action.RESOLVE,
        gettext_lazy("Resolve"),
        gettext_lazy("Resolve, to verification"),
        _resolve,
        handling_forms.ResolveForm,
        photos=True,
    ),
}
