"""The timeline's sentences about instructions of leaders and letters to secretaries."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from incidents.sentence_parts import Names, Sentence, moment, of_unit
from incidents.timeline import Kind


def _instructed(p: Mapping[str, Any], names: Names) -> str:
    units = _(", ").join(names.unit(code) for code in p.get("units") or ())
    told = {
        "number": p.get("number", ""),
        "office": names.unit(p.get("unit")),
        "units": units,
        "due": moment(p.get("due_at")),
    }
    return _("Instruction %(number)s from %(office)s to %(units)s, report by %(due)s") % told


def _of_instruction(sentence: Callable[[], str]) -> Sentence:
    return lambda p, names: (
        sentence()
        % {
            "number": p.get("number", ""),
            "unit": names.unit(p.get("unit")),
            "due": moment(p.get("due_at")),
        }
    )


SENTENCES: Mapping[str, Sentence] = {
    Kind.INSTRUCTED: _instructed,
    Kind.INSTRUCTION_REPORTED: _of_instruction(lambda: _("%(unit)s reported on instruction %(number)s")),
    Kind.INSTRUCTION_ACCEPTED: _of_instruction(
        lambda: _("The report of %(unit)s on instruction %(number)s was accepted")
    ),
    Kind.INSTRUCTION_SENT_BACK: _of_instruction(
        lambda: _("The report of %(unit)s on instruction %(number)s was sent back, again by %(due)s")
    ),
    Kind.INSTRUCTION_WITHDRAWN: _of_instruction(lambda: _("Instruction %(number)s was withdrawn")),
    Kind.LETTER_MARKED: of_unit(lambda: _("Put before the secretary: %(unit)s")),
    Kind.REPLY_DRAFTED: of_unit(lambda: _("A reply was prepared for the secretary: %(unit)s")),
    Kind.REPLY_SIGNED: of_unit(lambda: _("The secretary signed a reply: %(unit)s")),
}
