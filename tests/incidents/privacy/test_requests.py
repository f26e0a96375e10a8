"""Requests about data on their page: two people, the number forgotten afterwards, nobody else let in."""

import io
import json
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import translation

from accounts.audit.rows import AuditEvent
from accounts.roles import Role
from config import clock
from incidents import actions
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import Reporter
from incidents.models import Contact, PrivacyAsk, PrivacyRequest, Report
from incidents.models.contact import blind_index, unseal
from incidents.pages.case_search import LOOK_UPS
from incidents.privacy import asking, erased
from tests.cast import TUESDAY, Person, file_report, person
from tests.incidents.privacy.conftest import NAME, PHONE, SAID, YEARS, everything, over

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(db: None) -> Person:
    """The other supervisor of the district."""
    return person("second-supervisor", Role.SUPERVISOR, "operations-centre", "吴强")


@pytest.fixture(autouse=True)
def years_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: YEARS)


def asked_by(supervisor: Person, kind: str = "erasure", at: datetime = YEARS) -> PrivacyAsk:
    return asking.ask(kind=kind, phone=PHONE, reason="信-18", actor=supervisor.actor, at=at)


def posted(who: Person, address: str, **form: str) -> Any:
    client = Client()
    client.force_login(who.user)
    with translation.override("en"):
        return client.post(address, form, headers={"accept-language": "en"})


def got(who: Person, address: str) -> Any:
    client = Client()
    client.force_login(who.user)
    return client.get(address, headers={"accept-language": "en"})


# --- two people -----------------------------------------------------------------------------------


def test_one_writes_it_down_and_another_erases(operator: Person, supervisor: Person, second: Person) -> None:
    over(operator)
    form = {"kind": "erasure", "phone": "138 1234 2207", "reason": "信-18", "called_back": "on"}
    posted(supervisor, "/privacy/new/", **form)
    asked = PrivacyAsk.objects.get()
    page = got(supervisor, f"/privacy/{asked.pk}/").content.decode()
    assert "138****2207" in page
    assert PHONE not in page
    assert "Erase what is kept" not in page
    assert "Erase what is kept" in got(second, f"/privacy/{asked.pk}/").content.decode()
    posted(second, f"/privacy/{asked.pk}/carry-out/")
    asked.refresh_from_db()
    assert (asked.state, bytes(asked.phone_sealed), asked.answered_by) == ("done", b"", second.user)
    assert asked.done == PrivacyRequest.objects.get()
    assert asked.done.by == second.user
    kept = everything()
    assert (NAME in kept, PHONE in kept) == (False, False)


def test_nobody_carries_out_their_own(operator: Person, supervisor: Person) -> None:
    over(operator)
    asked = asked_by(supervisor)
    answer = posted(supervisor, f"/privacy/{asked.pk}/carry-out/")
    assert answer.status_code == 302
    asked.refresh_from_db()
    assert asked.state == "waiting"
    assert Report.objects.get().text.body == SAID
    assert not PrivacyRequest.objects.exists()
    with pytest.raises(IntegrityError, match="privacyask_two_people"), transaction.atomic():
        PrivacyAsk.objects.update(state="done", answered_by=supervisor.user)
    with pytest.raises(IntegrityError, match="privacyask_two_people"), transaction.atomic():
        PrivacyAsk.objects.update(state="done")


def test_a_copy_is_the_answer_and_may_be_fetched_again_for_a_day(
    operator: Person, supervisor: Person, second: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    over(operator)
    asked = asked_by(supervisor, "copy")
    for _time in range(2):
        answer = posted(second, f"/privacy/{asked.pk}/carry-out/")
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
        assert "no-store" in answer["Cache-Control"]
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            told = json.loads(archive.read("data.json"))
        assert told["contacts"][0]["phone"] == PHONE
    # Each is in the log, under its own number.
    assert AuditEvent.objects.filter(what="privacy_copy").count() == 2
    # Nobody else, and not the day after, counted from the first.
    monkeypatch.setattr(clock, "now", lambda: YEARS + timedelta(hours=23))
    assert posted(second, f"/privacy/{asked.pk}/carry-out/").status_code == 200
    monkeypatch.setattr(clock, "now", lambda: YEARS + timedelta(hours=25))
    assert posted(second, f"/privacy/{asked.pk}/carry-out/").status_code == 302
    monkeypatch.setattr(clock, "now", lambda: YEARS)
    assert AuditEvent.objects.filter(what="privacy_copy").count() == 3
    third = person("third-supervisor", Role.SUPERVISOR, "operations-centre")
    assert posted(third, f"/privacy/{asked.pk}/carry-out/").status_code == 302
    assert asking.lapse(at=YEARS + timedelta(hours=23)) == 0
    assert asking.lapse(at=YEARS + timedelta(hours=25)) == 1
    assert posted(second, f"/privacy/{asked.pk}/carry-out/").status_code == 302
    assert PHONE not in unseal(PrivacyAsk.objects.get().phone_sealed)


# --- what goes wrong ------------------------------------------------------------------------------


def test_what_a_dead_process_began_is_begun_again(
    operator: Person, supervisor: Person, second: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    over(operator)
    asked = asked_by(supervisor)

    def dies(*_args: Any, **_named: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("incidents.privacy.subject.forget", dies)
        with pytest.raises(KeyboardInterrupt):
            asking.carry_out(pk=asked.pk, actor=second.actor, at=YEARS)
    with pytest.raises(ActionRefused) as told:
        asking.carry_out(pk=asked.pk, actor=second.actor, at=YEARS + timedelta(minutes=9))
    assert told.value.code == "begun"
    assert AuditEvent.objects.get(what="privacy_begun").user_id == second.user.pk
    outcome = asking.carry_out(pk=asked.pk, actor=second.actor, at=YEARS + timedelta(minutes=10))
    assert outcome.gone is not None
    assert outcome.gone.cases == 1


def test_a_double_click_is_one_request(supervisor: Person) -> None:
    asked_by(supervisor)
    with pytest.raises(ActionRefused) as told:
        asked_by(supervisor)
    assert told.value.code == "already"
    asked_by(supervisor, "copy")  # another wish is another request
    assert PrivacyAsk.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "12"),
        ("phone", ""),
        ("reason", f"打{PHONE}问"),
        ("reason", ""),
        ("called_back", ""),
        ("kind", "all"),
    ],
)
def test_wrong_input_is_said_at_its_field(supervisor: Person, field: str, value: str) -> None:
    form = {"kind": "copy", "phone": PHONE, "reason": "信-18", "called_back": "on", field: value}
    answer = posted(supervisor, "/privacy/new/", **form)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert not PrivacyAsk.objects.exists()


def test_no_number_is_no_request(supervisor: Person) -> None:
    with pytest.raises(InvalidInput) as told:
        asking.ask(kind="copy", phone="abc", reason="信", actor=supervisor.actor, at=YEARS)
    assert told.value.field == "phone"


# --- what is left ---------------------------------------------------------------------------------


def test_what_is_not_carried_out_is_forgotten_and_told(supervisor: Person, second: Person) -> None:
    asked = asked_by(supervisor)
    assert posted(second, f"/privacy/{asked.pk}/decline/", words="").status_code == 400
    posted(second, f"/privacy/{asked.pk}/decline/", words="打不通")
    asked.refresh_from_db()
    assert (asked.state, asked.words, bytes(asked.phone_sealed)) == ("declined", "打不通", b"")
    told = AuditEvent.objects.get(what="privacy_declined")
    assert (told.user_id, told.details["words"]) == (second.user.pk, "打不通")
    assert AuditEvent.objects.get(what="privacy_asked").user_id == supervisor.user.pk
    assert PHONE not in str(list(AuditEvent.objects.values_list("details", "about")))
    # What is over stays as it was.
    posted(second, f"/privacy/{asked.pk}/carry-out/")
    assert not PrivacyRequest.objects.exists()


def test_no_number_stands_in_why_it_is_not_carried_out(supervisor: Person, second: Person) -> None:
    asked = asked_by(supervisor)
    answer = posted(second, f"/privacy/{asked.pk}/decline/", words="应打 13900001111")
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["words"]
    asked.refresh_from_db()
    assert asked.state == "waiting"


def test_who_is_erased_is_in_no_other_request(operator: Person, supervisor: Person, second: Person) -> None:
    over(operator)
    copied, erased_ = asked_by(supervisor, "copy"), asked_by(supervisor)
    asking.carry_out(pk=erased_.pk, actor=second.actor, at=YEARS)
    assert list(PrivacyAsk.objects.exclude(phone_sealed=b"")) == []
    copied.refresh_from_db()
    assert copied.state == "lapsed"


def test_whom_a_restore_brings_back_is_erased_again(operator: Person, supervisor: Person) -> None:
    over(operator)
    other = over(operator)
    Contact.objects.filter(reports__links__incident=other).update(phone_index=blind_index("13900001111"))
    erased.note(blind_index(PHONE), at=YEARS)  # before the backup was put back
    erased.note(blind_index(PHONE), at=YEARS)
    said = io.StringIO()
    for _time in range(2):
        call_command("personal_data", "repeat", "--by", "李明", "--reason", "恢复", stdout=said)
    assert said.getvalue().splitlines() == [
        "People erased again: 1, with 1 reports.",
        "People erased again: 0, with 0 reports.",
    ]
    assert Report.objects.filter(text__body=SAID).count() == 1  # the other's
    assert Path(settings.ERASURES_FILE).stat().st_mode & 0o077 == 0


def test_an_erasure_is_noted_before_it_is_made(
    operator: Person, supervisor: Person, second: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    over(operator)
    asked = asked_by(supervisor)
    monkeypatch.setattr(settings, "ERASURES_FILE", Path("/proc/nowhere/erasures"))
    with pytest.raises(OSError, match="nowhere"):
        asking.carry_out(pk=asked.pk, actor=second.actor, at=YEARS)
    assert Report.objects.get().text.body == SAID


def test_what_waits_too_long_lapses(supervisor: Person) -> None:
    asked = asked_by(supervisor)
    assert asking.lapse(at=YEARS + timedelta(days=29)) == 0
    assert asking.lapse(at=YEARS + timedelta(days=31)) == 1
    asked.refresh_from_db()
    assert (asked.state, bytes(asked.phone_sealed)) == ("lapsed", b"")
    assert AuditEvent.objects.filter(what="privacy_lapsed").count() == 1


def test_an_open_case_is_named_before_and_stays(supervisor: Person, second: Person) -> None:
    case = file_report(text=SAID, reporter=Reporter(name="王小明", phone=PHONE))
    asked = asked_by(supervisor)
    assert case.number in got(second, f"/privacy/{asked.pk}/").content.decode()
    posted(second, f"/privacy/{asked.pk}/carry-out/")
    assert Report.objects.get().text.body == SAID


def test_a_look_at_what_a_number_has_is_a_search_for_it(supervisor: Person, second: Person) -> None:
    case = file_report(text=SAID, reporter=Reporter(name="王小明", phone=PHONE))
    asked = asked_by(supervisor)
    assert case.number in got(second, f"/privacy/{asked.pk}/").content.decode()
    assert AuditEvent.objects.get(what="phone_search").user_id == second.user.pk
    for _time in range(LOOK_UPS.limit):
        LOOK_UPS.count(str(second.user.pk))
    page = got(second, f"/privacy/{asked.pk}/").content.decode()
    assert case.number not in page
    assert "You have looked up many numbers" in page
    # Of a number that is forgotten there is nothing to see.
    asking.decline(pk=asked.pk, words="打不通", actor=supervisor.actor, at=YEARS)
    got(supervisor, f"/privacy/{asked.pk}/")
    assert AuditEvent.objects.filter(what="phone_search").count() == 2


def test_what_was_refused_has_pages_of_its_own(supervisor: Person) -> None:
    rows = [
        PrivacyAsk(
            kind="copy",
            asked_at=YEARS,
            asked_by=supervisor.user,
            reason="信",
            state="declined",
            words=f"第{n}次",
        )
        for n in range(51)
    ]
    PrivacyAsk.objects.bulk_create(rows)
    first = got(supervisor, "/privacy/").content.decode()
    assert "?refused=2" in first
    assert "No request yet" not in first
    assert ("第1次" in first, "第0次" in first) == (True, False)
    second = got(supervisor, "/privacy/?refused=2").content.decode()
    assert ("第1次" in second, "第0次" in second) == (False, True)


# --- who ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "unit"),
    [
        (Role.SUPERVISOR, "longgang/operations"),
        (Role.DISPATCHER, "operations-centre"),
        (Role.SECURITY, "district"),
        (Role.LEADER, "district"),
    ],
)
def test_nobody_else_is_let_in(supervisor: Person, role: Role, unit: str) -> None:
    asked = asked_by(supervisor, at=TUESDAY)
    somebody = person("somebody", role, unit)
    for address in ("/privacy/", "/privacy/new/", f"/privacy/{asked.pk}/"):
        assert got(somebody, address).status_code == 403
    assert posted(somebody, f"/privacy/{asked.pk}/carry-out/").status_code == 403


def test_who_could_carry_it_out_sees_beside_supervision_that_it_waits(
    supervisor: Person, second: Person
) -> None:
    def count(who: Person) -> str:
        places = got(who, "/supervision/").context["oversight_places"]
        return str(next(place["count"] for place in places if place["name"] == "privacy"))

    assert count(second) == ""
    asked_by(supervisor)
    assert count(second) == "1"
    assert count(supervisor) == ""


# --- at once, by hand -----------------------------------------------------------------------------


def test_the_command_forgets_at_once_and_says_how_much(operator: Person, supervisor: Person) -> None:
    case = over(operator)
    asked_by(supervisor, at=TUESDAY)
    said = io.StringIO()
    call_command("forget", stdout=said)
    assert said.getvalue().startswith("Cases 1,")
    assert "numbers of requests 1," in said.getvalue()
    assert NAME not in everything()
    page = got(operator, f"/cases/{case.number}/").content.decode()
    assert "personal data erased" in page
    assert "Show (recorded)" not in page
    # Nor is there anything to look at for who asks all the same, and no look is written down.
    report = case.links.get().report_id
    with pytest.raises(ActionRefused) as refused:
        actions.unmask(number=case.number, report_id=report, actor=operator.actor, at=TUESDAY)
    assert refused.value.code == "erased"
