"""What the desk says of a text that is no ordinary report: danger, talk, several matters, a model's word."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Action
from dispatch.explain import Explainer, talk_name
from dispatch.normalise import talk, urgency
from dispatch.normalise.backends import reader
from dispatch.vocabulary import Nature, Urgency
from incidents import policy, suggesting
from incidents.models import DecisionRecord, Incident, ModelSuggestion


@dataclass(frozen=True, slots=True)
class End:
    """How talk is ended with one key, and the words that its sender reads."""

    code: str
    name: str
    words: str
    is_answer: bool


def end_of(incident: Incident) -> End | None:
    """The end that fits what the machine took the text for; None where it is a report."""
    code = next((code for code in talk.CODES if code in incident.triage_codes), None)
    if code in (None, talk.SEVERAL):
        return None
    words = {
        talk.EMPTY: _(
            "Your message does not say what is to be done. "
            "Write to us again with the place and what happened."
        ),
        talk.THANKS: _("Thank you for your kind words. Write to us whenever something needs doing."),
        talk.TEST: _("We have received your test message; nothing is done about it."),
        talk.SPAM: _("This service takes what concerns the district; advertising is not accepted."),
    }[code]
    answers = code == talk.THANKS and incident.nature in policy.ANSWERABLE
    return End(code, talk_name(code), words, is_answer=answers)


def danger_of(incident: Incident, record: DecisionRecord | None) -> dict[str, Any] | None:
    """Which words told of danger, and who is called first; None where it is no emergency."""
    if incident.urgency != Urgency.EMERGENCY:
        return None
    told = record.detail.get("facts", {}).get("evidence", ()) if record else ()
    params: dict[str, Any] = next((one["params"] for one in told if one["code"] == "urgency_read"), {})
    return {
        "phrase": params.get("phrase", ""),
        "numbers": urgency.NUMBERS.get(params.get("danger", ""), ("110", "119", "120")),
    }


def parts_of(incident: Incident) -> list[dict[str, Any]]:
    """The two matters of a text that seems to hold several, each in its own words and as it reads."""
    if talk.SEVERAL not in incident.triage_codes or incident.split_from_id is not None:
        return []
    model = reader()
    found = talk.halves(incident.text.body, model.read)
    return [{"words": words, "category": model.categories[at]} for words, at in found]


def context_of(
    incident: Incident, user: User, record: DecisionRecord | None, explain: Explainer, *, at: datetime
) -> dict[str, Any]:
    """What the desk's note and the model's panel need; a query more where a model is set up."""
    parts = [{**part, "name": explain.category(part["category"])} for part in parts_of(incident)]
    return {
        "end": end_of(incident),
        "danger": danger_of(incident, record),
        "several": parts,
        "can_false": policy.can(user, Action.FALSE_ALARM, incident),
        "asking": panel_of(incident, explain, at=at) if suggesting.is_offered() else None,
    }


def panel_of(incident: Incident, explain: Explainer, *, at: datetime) -> dict[str, Any]:
    """What was asked of the model, and what it said."""
    last = suggesting.latest(incident)
    told: dict[str, Any] = {"suggestion": last, "waiting": False, "failed": False}
    if last is None:
        return told
    told["waiting"] = suggesting.is_waited_for(last, at=at)
    told["failed"] = not told["waiting"] and last.state != ModelSuggestion.State.ANSWERED
    told["category"] = explain.category(last.category_code) if last.category_code else ""
    told["nature"] = Nature(last.nature).label if last.nature in Nature.values else ""
    told["urgency"] = Urgency(last.urgency).label if last.urgency in Urgency.values else ""
    told["is_same"] = last.category_code == incident.category_id
    told["matters"] = [explain.category(code) for code in last.matters] if len(last.matters) > 1 else []
    return told
