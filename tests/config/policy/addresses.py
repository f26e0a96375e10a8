"""Every address of the site with something real in it, and every method that it knows."""

from types import SimpleNamespace
from typing import Any

from django.urls import reverse

from config.policy.resolving import Address
from tests.cast import LAMP_UNIT
from tests.dispatch.versions import LAMP_ITEM

NOBODY = "00000000-0000-4000-8000-000000000000"


def named(it: SimpleNamespace) -> dict[str, dict[str, Any]]:
    """What stands in addresses whose names begin like this; the longest beginning counts."""
    case, desk = {"number": it.case.number}, {"number": it.desk_case.number}
    brief, warning = {"pk": it.brief.pk}, {"pk": it.warning.pk}
    project = {"pk": it.project.pk, "item": it.item.pk}
    mediation = {"pk": it.mediation.pk, "step": "session", "document": NOBODY}
    draft = {
        "version": it.draft.version,
        "code": LAMP_ITEM,
        "pk": it.rehearsed.pk,
        "name": "propose",
        "kind": "csv",
    }
    key = {"key": "2026-06", "pk": it.appeal.pk}
    data = {"code": "events", "pk": it.request.pk, "kind": "csv", "format": "csv"}
    return {
        "provider": {"pk": it.group.pk},
        "sign-ins": {"pk": it.handler.user.pk},
        "person": {"pk": it.handler.user.pk, "membership": it.handler.user.memberships.first().pk},
        "people": {"code": LAMP_UNIT},
        "people-export": {"kind": "csv"},
        "people-sheet": {"pk": it.people_import.pk},
        "units-export": {"kind": "csv"},
        "unit": {"code": LAMP_UNIT},
        "api-brief": brief,
        "brief": brief,
        "api-data": data,
        "data": data,
        "board-data": {"name": "units"},
        "board-street": {"code": it.street},
        "screen": {"code": it.street, "pk": it.display.pk},
        "api-scor": key,
        "scoring": key,
        "api-warning": warning,
        "warning": warning,
        "api-project": project,
        "project": project,
        "repeat-rule": {"by": "place", "matter_code": "0204", "street_code": it.street},
        "api:report": {"pk": it.report.pk},
        "api:import": {"pk": it.api_bulk.pk, "kind": "csv"},
        "api:incident": case,
        "api:incident-mediations": {"number": it.dispute.number},
        "api:mediation": mediation,
        "api:instruction": {"number": it.instruction.number},
        "open311": {"code": "0204", "number": "1", "token": "x", "path": "nothing"},
        "grids:geojson": {"kind": "streets"},
        "learning": {"code": LAMP_ITEM},
        "list": draft,
        "list-import": {"pk": it.import_.pk},
        "item-history": draft,
        "rehearsal": draft,
        "facility": {"code": it.facility.code},
        "named-place": {"code": it.place.code},
        "register": {"register": "facilities", "pk": it.register_import.pk},
        "category": {"code": "0204"},
        "area": {"code": it.community, "pk": it.area_import.pk},
        "instruction": {"number": it.instruction.number},
        "letter": {"pk": it.letter.pk},
        "desk": desk,
        "patrol": case,
        "council": {"code": it.community, "pk": it.council.pk},
        "petition-scan": {**case, "document": NOBODY},
        "source": {"source": "hotline", "pk": it.token.pk},
        "system": {"pk": it.token.pk},
        "mediation": mediation,
        "mediation-new": {"number": it.dispute.number},
        "bulk": {"pk": it.bulk.pk, "step": "drop", "kind": "csv"},
        "webhook": {"pk": it.webhook.pk},
        "privacy": {"pk": it.privacy_ask.pk},
        "canned": {"pk": it.canned.pk},
        "notice": {"pk": it.notice.pk},
        "duty": {"pk": it.shift.pk},
        "view": {"pk": it.view.pk},
        "case": {**case, "step": "note"},
        "work": {"year": 2026, "day": "2026-07-07"},
        "stop": {"pk": it.stop.pk},
        "clock-rule": {"kind": "handling", "urgency": "routine"},
        "centre": {"code": it.street, "line": "hotline", "pk": it.handover.pk, "user_id": it.chief.user.pk},
        "centre-quality": {"code": it.street, "pk": it.sample.pk},
        "callback": {"pk": it.callback.pk},
        "release": case,
        "knowledge": {"pk": it.article.pk, **case},
        "sensor-rule": {"pk": it.alert_rule.pk},
        "sensor-inhibition": {"pk": it.inhibition.pk},
        "sensor-device": {"pk": it.device.pk},
        "report": {"form_id": "x", "token": "x"},
        "resident": {"code": it.report.tracking_code, "photo_id": NOBODY},
        "place-code": {"code": it.code.code, "community": it.community, "told": "x"},
        "public": {**case, "photo_id": NOBODY},
        "attachment": {"attachment_id": NOBODY},
    }


def address_of(one: Address, things: dict[str, dict[str, Any]], **said: str) -> str:
    """The address of a pattern, with the things in it that its name calls for."""
    if not one.parameters:
        return reverse(one.name)
    if one.name == "open311-nowhere":
        return "/open311/v2/nothing-of-this-kind"
    key = max((key for key in things if one.name.startswith(key)), key=len, default="")
    given = {name: value for name, value in {**things[key], **said}.items() if name in one.parameters}
    return reverse(one.name, kwargs=given)
