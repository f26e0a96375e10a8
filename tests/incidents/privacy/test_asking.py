"""Who asks for a copy, or to be erased: what stands in the logs, what is still counted, and what may die."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Q

from accounts.audit.rows import AuditEvent
from dashboards.warning import counting
from incidents import actions, contacting, queries, repeats, timeline_words
from incidents.actor import Actor
from incidents.attachments import store_picture
from incidents.intake import Reporter
from incidents.models import (
    Attachment,
    Contact,
    DoomedFile,
    IncidentReport,
    PrivacyRequest,
    Repeat,
    Report,
)
from incidents.privacy import ageing, files, subject
from incidents.searching import callers
from tests.cast import TUESDAY, Person, file_report, reload
from tests.incidents.privacy.conftest import (
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
from tests.incidents.resident.conftest import picture, upload
from tests.incidents.resident.test_attachments import exif_of_a_phone

pytestmark = pytest.mark.django_db

ASKED = {"done_by": "李明", "reason": "信-18"}


# --- what stands in the logs ----------------------------------------------------------------------


def test_a_copy_stands_in_the_audit_log_and_on_each_case(operator: Person, security: Person) -> None:
    case = over(operator)
    actor = Actor(user=security.user)
    _body, request = subject.copy(PHONE, **ASKED, at=LATER, actor=actor)
    told = AuditEvent.objects.get(what="privacy_copy")
    assert (told.kind, told.user_id, told.about) == ("export", security.user.pk, str(request.pk))
    assert told.details == {"done_by": "李明", "reason": "信-18", "reports": 1}
    line = case.timeline.get(kind="copied")
    assert line.actor == security.user
    assert timeline_words.read([line])[0].words
    # Who asks again reads of the first one.
    body, _request = subject.copy(PHONE, **ASKED, at=LATER + timedelta(days=1))
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        looks = json.loads(archive.read("data.json"))["reports"][0]["case"]["looked_at"]
    assert [look["at"] for look in looks if look["copy"]][:1] == [LATER.isoformat()]


def test_an_erasure_stands_in_the_audit_log(operator: Person) -> None:
    over(operator)
    _gone, _open, request = subject.erase(PHONE, **ASKED, at=YEARS)
    told = AuditEvent.objects.get(what="privacy_erasure")
    assert (told.kind, told.user_id, told.who) == ("personal", None, "")
    assert told.details == {**ASKED, **request.counts}
    assert PrivacyRequest.objects.get().by is None
    assert PHONE not in f"{told.details}{told.about}"


# --- what is still counted ------------------------------------------------------------------------


def find_repeats() -> None:
    """Ids go on from test to test: one look may not come as far as this test's cases."""
    while repeats.find_repeats(now=TUESDAY):
        pass


def test_who_was_erased_is_still_one_person_in_every_count(operator: Person) -> None:
    reporter = Reporter(name=NAME, phone=PHONE)
    cases = [close(file_report(text=f"第{number}次,路灯不亮", reporter=reporter)) for number in range(3)]
    find_repeats()
    window = (TUESDAY - timedelta(days=1), TUESDAY + timedelta(days=1))
    before = len(set(counting.said(*window)["who"]))
    again = Repeat.objects.filter(by_reporter=True).count()
    assert (before, again > 0) == (1, True)
    subject.erase(PHONE, **ASKED, at=YEARS)
    assert len(set(counting.said(*window)["who"])) == before
    Repeat.objects.all().delete()
    repeats.RepeatCursor.objects.all().delete()
    find_repeats()
    assert Repeat.objects.filter(by_reporter=True).count() == again
    # And nobody is found by it, nor thought to have a number.
    assert not Report.objects.filter(contact__phone_index=callers.index_of(PHONE)).exists()
    assert contacting.reporters(reload(cases[0])) == []
    report = cases[0].links.get().report
    assert queries.earlier_reports(report.contact, cases[1], seen=Q(), at=YEARS) == []


def test_two_people_who_were_erased_are_two(operator: Person) -> None:
    for phone in (PHONE, "13900001111"):
        close(file_report(reporter=Reporter(name=NAME, phone=phone)))
        subject.erase(phone, **ASKED, at=YEARS)
    known = set(Contact.objects.values_list("phone_index", flat=True))
    assert len(known) == 2
    assert "" not in known


# --- nothing is left out --------------------------------------------------------------------------


def test_a_report_that_no_case_has_goes_too(operator: Person) -> None:
    case = over(operator)
    IncidentReport.objects.filter(incident=case).update(unlinked_at=LATER)
    gone, still_open, _request = subject.erase(PHONE, **ASKED, at=YEARS)
    assert (gone.cases, gone.reports, gone.pictures, still_open) == (0, 1, 1, [])
    report = Report.objects.get()
    assert (report.text.body, report.contact.name) == ("", "")


def test_what_a_camera_said_in_a_merged_case_goes_too(operator: Person) -> None:
    root = file_report(text=SAID, reporter=Reporter(name=NAME, phone=PHONE))
    child = file_report(text="同一盏灯", address="别处")
    kept = store_picture(upload(picture(exif=exif_of_a_phone().tobytes())), at=TUESDAY)
    Attachment.objects.filter(pk=kept.pk).update(incident=child, uploaded_by=operator.user)
    actions.merge(number=child.number, into=root.number, actor=operator.actor, at=TUESDAY)
    close(root)
    assert ageing.step(at=YEARS) == 1
    kept.refresh_from_db()
    assert (kept.taken_at, kept.lon, kept.lat) == (None, None, None)


# --- whoever dies in between ----------------------------------------------------------------------


def dies(*_args: Any, **_named: Any) -> None:
    raise KeyboardInterrupt


def test_a_file_that_a_dead_process_left_is_deleted_by_the_sweep(
    operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    over(operator)
    path = Path(Attachment.objects.get().file.path)
    with monkeypatch.context() as broken:
        broken.setattr(files, "remove", dies)
        with pytest.raises(KeyboardInterrupt):
            subject.erase(PHONE, **ASKED, at=YEARS)
    assert not Attachment.objects.exists()
    assert path.exists()
    assert names_them(DoomedFile.objects.get().name) == []
    assert files.sweep() == 1
    assert not path.exists()
    assert files.sweep() == 0


def test_what_was_deleted_is_ticked_off_at_once(operator: Person) -> None:
    over(operator)
    subject.erase(PHONE, **ASKED, at=YEARS)
    assert not DoomedFile.objects.exists()


def test_an_erasure_that_is_taken_back_deletes_nothing(
    operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    over(operator)
    path = Path(Attachment.objects.get().file.path)
    monkeypatch.setattr("incidents.timeline.record", dies)
    with pytest.raises(KeyboardInterrupt):
        subject.erase(PHONE, **ASKED, at=YEARS)
    assert path.exists()
    assert files.sweep() == 0
    assert names_them(everything())
