"""From a parcel to a letter: the address looked up, the words made. Nothing of it is kept."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import NoticePreference, OrgUnit, User
from incidents import notices, proving
from incidents.models import Channel, Parcel, PhoneProof, Report, Webhook
from incidents.models.contact import phone_digits
from incidents.transports import Enclosure, Letter, TransportError

DIGEST = "digest"
# What upstream systems may know of a message's data; ids of texts and people are ours.
PUBLIC_FACTS = frozenset({"agreed", "answer_by", "clock", "due_at", "outcome", "stage", "until", "urgency"})


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail's words, laid out as well where somebody took the trouble."""

    subject: str
    text: str
    html: str = ""
    enclosures: tuple[Enclosure, ...] = ()


_WRITERS: dict[str, Callable[[Parcel], Mail]] = {}
_PAGES = {
    "instruction": "instruction",
    "list": "list",
    "scoring": "scoring-period",
    "warning": "warning",
    "data": "data-request",
    "brief": "brief",
}


def written_elsewhere(kind: str, write: Callable[[Parcel], Mail]) -> None:
    """Let a room that counts write the mails of its own kind of message: nobody here knows its figures.

    Called for each parcel in the reader's language; the same parcel must always give the same mail.
    """
    _WRITERS[kind] = write


def write(parcels: Iterable[Parcel]) -> dict[int, Letter | Exception]:
    """The letter of each parcel by its id, or why there is none; a fixed number of queries."""
    rows = list(parcels)
    post = _Post(rows)
    written: dict[int, Letter | Exception] = {}
    for parcel in rows:
        try:
            with override(parcel.language or settings.LANGUAGE_CODE):
                written[parcel.pk] = post.letter(parcel)
        except Exception as error:  # one that cannot be written is that parcel's own trouble
            written[parcel.pk] = error
    return written


class _Post:
    """Everybody whom a batch of parcels is for."""

    def __init__(self, parcels: list[Parcel]) -> None:
        users = {parcel.user_id for parcel in parcels if parcel.user_id}
        reports = {parcel.report_id for parcel in parcels if parcel.report_id}
        webhooks = {parcel.webhook_id for parcel in parcels if parcel.webhook_id}
        self._users = User.objects.filter(is_active=True).in_bulk(users) if users else {}
        self._names = (
            dict(NoticePreference.objects.filter(user__in=users).values_list("user_id", "wework_id"))
            if users
            else {}
        )
        self._reports = Report.objects.select_related("contact").in_bulk(reports) if reports else {}
        codes = {parcel.data.get("facts", {}).get("unit") for parcel in parcels if parcel.report_id} - {None}
        self._units = OrgUnit.objects.in_bulk(codes) if codes else {}
        self._webhooks = Webhook.objects.filter(is_active=True).in_bulk(webhooks) if webhooks else {}

    def letter(self, parcel: Parcel) -> Letter:
        make = partial(Letter, parcel.key, parcel.channel, parcel.kind, parcel.created_at)
        if parcel.channel == Channel.WEBHOOK:
            webhook = self._webhooks.get(parcel.webhook_id or 0)
            if webhook is None:
                raise TransportError("the webhook is switched off", permanent=True)
            return make(webhook.url, body=_as_json(parcel), secret=webhook.secret)
        if parcel.report_id:
            report = self._reports[parcel.report_id]
            to = phone_digits(report.contact.phone) if report.contact else ""
            return make(_there(to), body=self._for_reporter(parcel, report))
        user = self._users.get(parcel.user_id or 0)
        if parcel.channel == Channel.EMAIL:
            mail = _mail(parcel)
            return make(
                _there(user.email if user else ""),
                mail.subject,
                mail.text,
                html=mail.html,
                enclosures=mail.enclosures,
            )
        to = phone_digits(user.phone) if user and parcel.channel == Channel.SMS else ""
        if user and parcel.channel == Channel.WEWORK:
            to = self._names.get(user.pk, "")
        return make(_there(to), body=_short(parcel))

    def _for_reporter(self, parcel: Parcel, report: Report) -> str:
        if parcel.kind == proving.KIND:
            return notices.signed(_phone_code(parcel))
        # Made here and kept nowhere: whoever holds the code may see the report.
        address = settings.PUBLIC_URL + reverse("resident-status", args=[report.tracking_code])
        telling = _telling(parcel)
        unit = self._units.get(telling.data.get("unit", ""))
        if unit is not None:
            telling = replace(telling, data={**telling.data, "unit_name": unit.name})
        return notices.signed(notices.for_reporter(telling, address=address))


def _there(address: str) -> str:
    if not address:
        raise TransportError("no address any more", permanent=True)
    return address


def _short(parcel: Parcel) -> str:
    if parcel.kind == DIGEST:
        told = _digest(parcel)
        return notices.signed(f"{told.subject}\n{told.body}")
    return notices.signed(notices.for_staff(_telling(parcel)))


def _mail(parcel: Parcel) -> Mail:
    if write := _WRITERS.get(parcel.kind):
        return write(parcel)
    if parcel.kind == DIGEST:
        told = _digest(parcel)
        return Mail(notices.signed(told.subject), f"{told.body}\n\n{settings.PUBLIC_URL}\n")
    words = notices.for_staff(_telling(parcel))
    address = settings.PUBLIC_URL + reverse(_page(parcel.kind), args=[parcel.data["number"]])
    why = _("This went to you because of your role in Yiwang. There you can choose how you are told.")
    return Mail(notices.signed(words), f"{words}\n\n{address}\n\n{why}\n")


def _page(kind: str) -> str:
    """The page of what a message's number is the number of; mostly a case's."""
    if kind == "warning.project":
        return "project"
    return _PAGES.get(kind.partition(".")[0], "case")


def _phone_code(parcel: Parcel) -> str:
    proof = PhoneProof.objects.filter(pk=parcel.data["facts"]["proof"]).first()
    if proof is None or proof.asked_at + proving.HOLDS < timezone.now():
        raise TransportError("the code is over", permanent=True)
    words = _("Your code is %(code)s: it shows your reports and holds for ten minutes. Give it to nobody.")
    return words % {"code": proving.code_of(proof)}


def _telling(parcel: Parcel) -> notices.Telling:
    data = parcel.data
    return notices.Telling(
        kind=parcel.kind,
        number=data["number"],
        data=data["facts"],
        at=datetime.fromisoformat(data["at"]),
        urgency=parcel.urgency,
    )


def _digest(parcel: Parcel) -> notices.Words:
    tellings = [
        notices.Telling(
            kind=line["kind"],
            number=line["number"],
            data=line["facts"],
            at=datetime.fromisoformat(parcel.data["at"]),
            urgency=line["urgency"],
        )
        for line in parcel.data["lines"]
    ]
    return notices.digest(tellings, total=parcel.data["total"])


def _as_json(parcel: Parcel) -> str:
    """What a webhook is sent; the same bytes whenever it is made."""
    data = parcel.data
    facts = {name: value for name, value in data["facts"].items() if name in PUBLIC_FACTS}
    content = {
        "id": parcel.key,
        "kind": parcel.kind,
        "at": data["at"],
        "incident": {"number": data["number"]},
        "report": data.get("report"),
        "facts": facts,
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
