"""What the desk says of a text that is no ordinary report: danger, talk, several matters, a model's word."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Action
from dispatch.explain import Explainer, talk_name
from dispatch.normalise import matters, talk, urgency
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
    """The end that fits what the machine took the text for; None where it is a report, or presses: who may
    be in danger is not turned away with one key."""
    code = next((code for code in talk.CODES if code in incident.triage_codes), None)
    if code in (None, talk.SEVERAL) or incident.urgency == Urgency.EMERGENCY:
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


def danger_of(incident: Incident, record: DecisionRecord | None, explain: Explainer) -> dict[str, Any] | None:
    """Which words told of danger or which guess, and who is called first; None where it is no emergency."""
    if incident.urgency != Urgency.EMERGENCY:
        return None
    told = record.detail.get("facts", {}).get("evidence", ()) if record else ()
    params: dict[str, Any] = next((one["params"] for one in told if one["code"] == "urgency_read"), {})
    reasons = record.detail.get("reasons", ()) if record else ()
    guess = next((one for one in reasons if one["code"] == "urgency_guessed"), None)
    return {
        "phrase": params.get("phrase", ""),
        "guess": explain.sentence(guess) if guess else "",
        "numbers": urgency.NUMBERS.get(params.get("danger", ""), ("110", "119", "120")),
    }


def parts_of(incident: Incident, left: str) -> list[dict[str, Any]]:
    """The matters of a text that seems to hold several, each in its own words and as it reads: of what is
    left of it, and of a matter that was split off like of any other case."""
    if talk.SEVERAL not in incident.triage_codes:
        return []
    model = reader()
    found = matters.pieces(left, model.read)
    return [{"words": told, "category": model.categories[at]} for told, at in found]


def context_of(
    incident: Incident,
    user: User,
    record: DecisionRecord | None,
    explain: Explainer,
    *,
    words: str,
    at: datetime,
) -> dict[str, Any]:
    """What the desk's note and the model's panel need; a query more where a model is set up. `words`: those
    that are left of the case."""
    parts = [{**part, "name": explain.category(part["category"])} for part in parts_of(incident, words)]
    return {
        "end": end_of(incident),
        "danger": danger_of(incident, record, explain),
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
