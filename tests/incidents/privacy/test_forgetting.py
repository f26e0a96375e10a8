"""Who reported something goes with time or because they ask, and everything is counted as before."""

import io
import json
import zipfile
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from accounts.roles import Role
from dashboards.models import Rollup
from dashboards.rollups import differences, fold
from incidents import actions, timeline_words
from incidents.intake import Reporter
from incidents.models import (
    Attachment,
    BulkPart,
    Contact,
    CouncilMember,
    Feedback,
    Incident,
    MediationFile,
    MediationSession,
    PrivacyRequest,
    Report,
    SearchRow,
    Text,
)
from incidents.models.contact import blind_index
from incidents.privacy import ageing, subject, words
from incidents.privacy.forgetting import Why, forget
from incidents.searching import rows
from tests.cast import TUESDAY, Person, file_report, person
from tests.incidents.bulk.sheets import as_csv, row, taken
from tests.incidents.mediation.conftest import Hands, accepted, new_dispute
from tests.incidents.privacy.conftest import (
    DOOR,
    LATER,
    NAME,
    PHONE,
    SAID,
    YEARS,
    close,
    everything,
    names_them,
    over,
)

pytestmark = pytest.mark.django_db

# --- with time ------------------------------------------------------------------------------------


def test_after_its_time_nothing_in_a_case_says_who_reported_it(operator: Person) -> None:
    case = over(operator)
    assert names_them(everything())
    assert ageing.step(at=LATER + timedelta(days=365 * 2)) == 0  # not yet
    assert ageing.step(at=YEARS) == 1
    assert names_them(everything()) == []
    report = Report.objects.get()
    assert report.contact.erased_at == YEARS
    assert report.contact.name == ""
    assert report.contact.phone_index not in ("", blind_index(PHONE))
    # What happened is still to be read, and stands on the case's history.
    assert "路灯坏了" in report.text.body
    assert report.text.erased_at is None
    assert report.attributes["floor"] == 12
    assert "灯在路口" in Text.objects.get(pk=case.timeline.get(kind="noted").data["text"]).body
    line = case.timeline.get(kind="forgotten")
    assert line.data == {"why": "age", "reports": 1}
    assert timeline_words.read([line])[0].words


def test_what_the_camera_said_goes_and_the_picture_stays(operator: Person) -> None:
    over(operator)
    before = Attachment.objects.get()
    assert before.taken_at is not None
    assert before.lon is not None
    ageing.step(at=YEARS)
    kept = Attachment.objects.get()
    assert (kept.taken_at, kept.lon, kept.lat) == (None, None, None)
    with kept.file.open("rb") as shown:
        assert shown.read(2) == b"\xff\xd8"
    assert kept.fingerprint == before.fingerprint  # reused ones are still found


def test_it_is_found_by_what_happened_and_no_longer_by_who_they_were(operator: Person) -> None:
    case = over(operator)
    rows.fill()
    before = set(SearchRow.objects.get(incident=case).grams)
    ageing.step(at=YEARS)
    rows.fill()
    assert set(SearchRow.objects.get(incident=case).grams) < before


def test_one_that_is_open_again_is_left_alone(operator: Person) -> None:
    case = over(operator)
    Incident.objects.filter(pk=case.pk).update(status="triage", due_at=LATER)
    assert forget(case.pk, why=Why.AGE, at=YEARS) is None
    assert Contact.objects.get().name == NAME


def test_each_case_is_looked_at_once_in_the_order_in_which_they_closed(operator: Person) -> None:
    cases = [close(file_report()) for _number in range(3)]
    assert [ageing.step(at=YEARS, limit=2) for _time in range(3)] == [2, 1, 0]
    assert all(case.timeline.filter(kind="forgotten").count() == 1 for case in cases)


def test_a_domain_may_have_another_time_and_a_category_of_it_another_again(
    operator: Person, settings: Any
) -> None:
    settings.RETENTION_BY_CATEGORY = {"02": 6, "0204": 0}
    lamp = close(file_report())
    assert lamp.category_id == "0204"
    other = close(file_report(category="0201", text="井盖坏了"))
    enquiry = close(file_report(category=None, text="请问办居住证要带什么材料?", nature="enquiry"))
    assert ageing.step(at=LATER + timedelta(days=200)) == 1
    assert other.timeline.filter(kind="forgotten").exists()
    while ageing.step(at=YEARS):
        pass
    assert enquiry.timeline.filter(kind="forgotten").exists()
    assert not lamp.timeline.filter(kind="forgotten").exists()


@pytest.mark.parametrize("given", [{"2": 6}, {"路灯": 6}, {"02": -1}])
def test_a_rule_that_is_none_is_refused(given: dict[str, int], settings: Any) -> None:
    settings.RETENTION_BY_CATEGORY = given
    with pytest.raises(ImproperlyConfigured, match="RETENTION_BY_CATEGORY"):
        ageing.step(at=YEARS)


def test_zero_months_keep_for_good(operator: Person, settings: Any) -> None:
    settings.RETENTION_MONTHS = 0
    over(operator)
    assert ageing.step(at=YEARS) == 0


@pytest.mark.parametrize(
    ("at", "months", "before"),
    [("2026-03-31", 1, "2026-02-28"), ("2026-01-15", 1, "2025-12-15"), ("2024-02-29", 36, "2021-02-28")],
)
def test_months_end_where_calendars_say(at: str, months: int, before: str) -> None:
    day = TUESDAY.replace(year=int(at[:4]), month=int(at[5:7]), day=int(at[8:]))
    assert ageing.months_before(day, months).date().isoformat() == before


def test_mediations_members_and_refused_rows_have_their_time_too(operator: Person) -> None:
    quarrel = new_dispute()
    mediator = person("mediator", Role.HANDLER, quarrel.owner_unit_id)
    file = Hands(mediator).settle(accepted(quarrel, mediator))
    MediationFile.objects.filter(pk=file.pk).update(ended_at=TUESDAY)
    member = CouncilMember.of("440307011001", "何玉兰", "chair", by=operator.user, at=TUESDAY)
    member.until = TUESDAY
    member.save()
    taken(as_csv([row("SZ1"), row("SZ2", 诉求内容="")]), operator)
    assert bytes(BulkPart.objects.get().rejects)
    assert ageing.forget_the_rest(at=LATER) == {"mediations": 0, "members": 0, "imports": 0}
    told = ageing.forget_the_rest(at=TUESDAY + timedelta(days=3700))
    assert told == {"mediations": 1, "members": 1, "imports": 1}
    assert {one.contact.name for one in file.parties.all()} == {""}
    assert MediationSession.objects.get().words == ""
    assert file.agreements.get().terms == ""
    assert CouncilMember.objects.get().name == ""
    assert bytes(BulkPart.objects.get().rejects) == b""
    assert MediationFile.objects.get().state == "settled"


# --- because they ask -----------------------------------------------------------------------------


def test_who_asks_has_their_own_words_and_pictures_erased(operator: Person) -> None:
    case = over(operator)
    report = case.links.get().report
    Feedback.objects.create(
        report=report,
        incident=case,
        result=2,
        text=Text.objects.create(body=f"{NAME}不满意", created_at=LATER),
        given_at=LATER,
    )
    path = Path(Attachment.objects.get().file.path)
    gone, still_open, request = subject.erase(f"+86 {PHONE}", done_by="李明", reason="信-18", at=YEARS)
    assert (gone.cases, gone.reports, gone.pictures, still_open) == (1, 1, 1, [])
    assert names_them(everything()) == []
    report = Report.objects.get()
    assert (report.text.body, report.text.erased_at, report.address) == ("", YEARS, "")
    assert Feedback.objects.get().result == 2
    assert not path.exists()
    assert (request.kind, request.counts["reports"]) == ("erasure", 1)
    assert case.timeline.get(kind="forgotten").data["why"] == "asked"


def test_an_erasure_leaves_every_count_as_it_was(resolved_case: Incident) -> None:
    checker = person("checker", Role.HANDLER, resolved_case.verifications.get().unit_id)
    case = actions.verify(number=resolved_case.number, fixed=True, actor=checker.actor, at=LATER)
    actions.rate(report=case.links.get().report, result=4, at=LATER)
    fold()
    cells = Rollup.objects.order_by("pk")
    counted = [(row.day, row.grain, bytes(row.keys), bytes(row.measures)) for row in cells]
    assert counted
    gone, _open, _request = subject.erase(PHONE, done_by="李明", reason="信-18", at=YEARS)
    assert gone.reports == 1
    fold()
    assert [(row.day, row.grain, bytes(row.keys), bytes(row.measures)) for row in cells.all()] == counted
    # Recounted from the cases and their history it is the same.
    assert list(differences()) == []


def test_of_a_case_with_two_reporters_only_the_one_goes(operator: Person) -> None:
    case = over(operator)
    neighbour = file_report(
        text=f"我是李四,隔壁{NAME}家门口的灯也不亮", reporter=Reporter(name="李四", phone="13900001111")
    )
    if neighbour.pk != case.pk:
        link = neighbour.links.get()
        type(link).objects.filter(pk=link.pk).update(incident=case)
    subject.erase(PHONE, done_by="李明", reason="信-18", at=YEARS)
    contacts = {one.name for one in Contact.objects.all()}
    assert contacts == {"", "李四"}
    theirs = Report.objects.exclude(contact__erased_at__isnull=False).get()
    assert "李四" in theirs.contact.name
    assert theirs.text.erased_at is None
    assert NAME not in theirs.text.body


def test_what_is_still_open_is_named_and_kept(operator: Person) -> None:
    case = file_report(text=SAID)
    gone, still_open, _request = subject.erase(PHONE, done_by="李明", reason="信-18", at=LATER)
    assert (gone.reports, still_open) == (0, [case.number])
    assert Report.objects.get().text.body == SAID


def test_what_was_split_off_and_goes_on_keeps_the_number_until_it_is_over(operator: Person) -> None:
    root = file_report(text=SAID, reporter=Reporter(name=NAME, phone=PHONE))
    part = actions.split(number=root.number, text="门口还有一堆垃圾", actor=operator.actor, at=TUESDAY)
    close(root)
    _gone, still_open, _request = subject.erase(PHONE, done_by="李明", reason="信-18", at=YEARS)
    assert still_open == [part.number]
    assert [one.phone for one in Contact.objects.all()] == [PHONE]
    assert Report.objects.filter(links__incident=root).get().text.erased_at is not None
    close(part)
    _gone, still_open, _request = subject.erase(PHONE, done_by="李明", reason="信-19", at=YEARS)
    assert still_open == []
    assert [one.phone for one in Contact.objects.all()] == [""]
    assert names_them(everything()) == []


def test_a_copy_has_all_that_is_kept_and_nothing_of_others(operator: Person, handler: Person) -> None:
    case = over(operator)
    file_report(reporter=Reporter(name="李四", phone="13900001111"), text="别人的事情")
    body, request = subject.copy(PHONE, done_by="李明", reason="信-18", at=YEARS)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        told = json.loads(archive.read("data.json"))
        kept = archive.read(told["reports"][0]["pictures"][0]["file"])
    assert told["copy"]["number"] == request.pk
    assert told["contacts"] == [
        {
            "name": NAME,
            "phone": PHONE,
            "address": DOOR,
            "email": "wang@example.cn",
            "since": TUESDAY.isoformat(),
        }
    ]
    (report,) = told["reports"]
    assert (report["words"], report["case"]["number"]) == (SAID, case.number)
    assert report["pictures"][0]["lon"] == pytest.approx(114.25)
    assert kept[:2] == b"\xff\xd8"
    assert "李四" not in json.dumps(told, ensure_ascii=False)
    assert PrivacyRequest.objects.get().counts == {"reports": 1}


def test_the_log_of_requests_is_only_added_to() -> None:
    request = PrivacyRequest.objects.create(kind="copy", at=TUESDAY, done_by="李明", reason="信-18")
    for change in (
        lambda: PrivacyRequest.objects.filter(pk=request.pk).update(reason=""),
        lambda: PrivacyRequest.objects.filter(pk=request.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def run(*told: str, phone: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("builtins.input", lambda _asked: phone)
    said = StringIO()
    call_command("personal_data", *told, "--by", "李明", "--reason", "信-18", stdout=said)
    return said.getvalue()


def test_the_command_copies_into_a_file_of_its_owners_alone_and_erases(
    operator: Person, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    over(operator)
    out = tmp_path / "copy.zip"
    assert "reports: 1" in run("copy", "--out", str(out), phone=PHONE, monkeypatch=monkeypatch)
    assert out.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CommandError, match="File exists"):
        run("copy", "--out", str(out), phone=PHONE, monkeypatch=monkeypatch)
    told = run("erase", phone=PHONE, monkeypatch=monkeypatch)
    assert "reports 1" in told
    assert PHONE not in told
    assert "reports 0" in run("erase", phone=PHONE, monkeypatch=monkeypatch)
    with pytest.raises(CommandError, match="no telephone number"):
        run("erase", phone="路灯", monkeypatch=monkeypatch)


# --- nothing is forgotten to be forgotten -----------------------------------------------------------


def test_every_column_of_words_about_a_case_is_known() -> None:
    """Whoever adds one decides whether residents are named in it."""
    elsewhere = {
        # Staff among themselves, about no resident's matter; and what is published.
        *("Article", "ArticleEdition", "Handover", "CouncilMeeting", "Instruction", "InstructionReport"),
    }
    of_reporters = {"Report": {"text"}, "ReportUpdate": {"text"}, "Feedback": {"text"}, "Incident": {"text"}}
    known = {model.__name__: set(names) for model, names in (words.OF_CASE | words.OF_REPORT).items()}
    known["Pause"] |= {"answer"}
    found = {
        model.__name__: names
        for model in apps.get_app_config("incidents").get_models()
        if (names := {one.name for one in model._meta.concrete_fields if one.related_model is Text})
        and model.__name__ not in elsewhere
    }
    assert found == known | of_reporters
