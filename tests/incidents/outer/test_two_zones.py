"""What a resident files outside becomes a case inside, once; and outside nobody can read it."""

import secrets
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone

from incidents import actions
from incidents.models import Feedback, Incident, Report, TimelineEntry
from incidents.models.outer import OuterArrival, OuterLink, OuterPushed
from incidents.outer import answers, carrying, keys, line, publishing, reaching, standing, taking
from incidents.public import answering
from incidents.public.facts import Answer
from tests.cast import LAMP_TEXT, Person, file_report
from tests.incidents.outer.conftest import NAME, PHONE, Browser, Outside
from tests.incidents.resident.conftest import picture

pytestmark = pytest.mark.django_db(transaction=True)
# What nobody can guess and every thief would look for.
TEXT = f"{LAMP_TEXT}，住在三楼的老魏家门口"


def reach() -> int:
    return reaching.round_of_exchanges(at=timezone.now())


@pytest.fixture
def mapped(outside: Outside) -> Outside:
    """The core has been there once, so the district's map is there."""
    reach()
    return outside


@pytest.fixture
def resident(mapped: Outside) -> Browser:
    return Browser(mapped)


def test_filed_outside_fetched_and_followed(resident: Browser) -> None:
    before = timezone.now()
    code = resident.file(TEXT)
    assert "It waits to be fetched" in resident.page(code)
    assert not Report.objects.exists()
    filed = timezone.now()

    assert reach() == 1
    report = Report.objects.get(tracking_code=code)
    assert report.text.body == TEXT
    assert report.contact is not None
    assert (report.contact.phone, report.contact.name) == (PHONE, NAME)
    assert before <= report.received_at <= filed
    assert resident.zone.waiting() == 0
    case = report.links.get().incident
    assert case.received_at == report.received_at
    shown = resident.page(code)
    assert case.owner_unit.name_en in shown or "We are finding out whose job this is" in shown
    assert "It waits to be fetched" not in shown


def test_what_happens_in_the_core_is_shown_outside(resident: Browser, handler: Person) -> None:
    case = file_report(at=timezone.now())
    code = case.links.get().report.tracking_code
    reach()
    assert "They have been told and have not answered yet." in resident.page(code)
    actions.accept(number=case.number, actor=handler.actor, at=timezone.now())
    reach()
    assert "They have taken it on and are working on it." in resident.page(code)


def test_nothing_personal_can_be_read_outside(resident: Browser) -> None:
    resident.begin(TEXT)  # words alone, in a form that is still open
    code = resident.file(TEXT, files={"photos": ("lamp.jpg", picture(), "image/jpeg")})
    waiting = resident.zone.everything()
    reach()
    shown = resident.zone.everything()
    assert TEXT in resident.page(code)  # whoever has the code reads it
    for stolen in (waiting, shown):
        for told in (PHONE, NAME, "老魏", TEXT, code, code.replace("-", ""), "植物园路公交站"):
            assert told.encode() not in stolen, told
            assert told.encode("unicode_escape") not in stolen, told
        assert picture()[:200] not in stolen


def test_only_what_belongs_outside_has_rows_there(resident: Browser) -> None:
    resident.file(TEXT)
    reach()
    filled = {
        table for table in resident.zone.tables() if resident.zone.rows(f'SELECT 1 FROM "{table}" LIMIT 1')
    }
    assert filled & {"incidents_report", "incidents_incident", "incidents_contact", "accounts_user"} == set()
    assert {name for name in filled if name.startswith(("incidents_", "accounts_", "dispatch_"))} <= {
        "incidents_outerpage",
        "incidents_outerphoto",
        "incidents_outerstate",
        "incidents_clockrule",
        "accounts_unhashedsecret",
        "accounts_auditevent",  # that the names of places were pushed, and how many
    }
    told = resident.zone.rows("SELECT DISTINCT what FROM accounts_auditevent")
    assert told == [("named_places",)]


def test_photos_are_made_anew_in_the_core_and_gone_outside(resident: Browser) -> None:
    code = resident.file(TEXT, files={"photos": ("lamp.jpg", picture(), "image/jpeg")})
    assert len(resident.zone.rows("SELECT 1 FROM incidents_outerphoto")) == 1
    reach()
    report = Report.objects.get(tracking_code=code)
    kept = report.attachments.get()
    assert (kept.width, kept.height, kept.content_type) == (64, 48, "image/jpeg")
    assert resident.zone.rows("SELECT 1 FROM incidents_outerphoto") == []


def test_what_is_no_picture_is_refused_at_the_door(resident: Browser) -> None:
    resident.begin(TEXT)
    answer = resident.send(files={"photos": ("lamp.jpg", b"GIF89a no picture", "image/jpeg")})
    assert answer.status_code == 400
    assert resident.zone.waiting() == 0


def test_sent_twice_it_is_one_item_with_one_code(resident: Browser) -> None:
    resident.begin(TEXT)
    first, second = resident.send(), resident.send()
    assert first.url == second.url
    assert resident.zone.waiting() == 1


def test_with_the_core_down_residents_still_file(resident: Browser) -> None:
    codes = [Browser(resident.zone).file(f"{TEXT}，第{number}次") for number in range(3)]
    assert resident.zone.waiting() == 3
    assert reach() == 3
    assert [one.tracking_code for one in Report.objects.order_by("pk")] == codes  # in order


def test_with_the_outer_zone_down_the_core_says_so_and_goes_on_later(resident: Browser) -> None:
    code = resident.file(TEXT)
    resident.zone.stop()
    with pytest.raises(reaching.Unreached):
        reach()
    assert standing.last_problem()
    resident.zone.start()
    assert reach() == 1
    assert Report.objects.get().tracking_code == code
    assert not standing.last_problem()


# --- dying in between -----------------------------------------------------------------------------


def message() -> bytes:
    """The core's next one, with what it would bring."""
    return reaching.message(publishing.made(None, at=timezone.now()), at=timezone.now())


def fetched() -> answers.Answer:
    """One exchange, of which nothing was done yet."""
    body = message()
    return answers.opened(body, *line.sent(body))


def test_killed_before_the_commit_it_comes_again(resident: Browser) -> None:
    resident.file(TEXT)
    assert len(fetched().items) == 1  # and the process is gone
    assert reach() == 1
    assert Report.objects.count() == 1


def test_killed_between_commit_and_acknowledgement_it_is_one_report(resident: Browser) -> None:
    resident.file(TEXT)
    taking.take(fetched().items[0], at=timezone.now())  # and the process is gone
    assert resident.zone.waiting() == 1
    reach()
    assert Report.objects.count() == 1
    assert Incident.objects.count() == 1
    assert resident.zone.waiting() == 0


def test_killed_between_the_report_and_its_arrival_it_is_one_report(resident: Browser) -> None:
    code = resident.file(TEXT, files={"photos": ("lamp.jpg", picture(), "image/jpeg")})
    taking.take(fetched().items[0], at=timezone.now())
    OuterArrival.objects.all().delete()  # as if it had not come to that
    reach()
    assert Report.objects.get().tracking_code == code
    assert Report.objects.get().attachments.count() == 1
    assert OuterArrival.objects.get().problem == ""


# --- strangers ------------------------------------------------------------------------------------


def test_a_message_is_good_once(resident: Browser) -> None:
    resident.file(TEXT)
    body = message()
    line.sent(body)
    with pytest.raises(reaching.Unreached, match="404"):
        line.sent(body)


def test_an_older_message_that_comes_later_is_refused(resident: Browser) -> None:
    held_back = message()
    reach()
    with pytest.raises(reaching.Unreached, match="404"):
        line.sent(held_back)


def test_without_the_secret_there_is_no_such_address(resident: Browser, settings: Any) -> None:
    resident.file(TEXT)
    body = message()
    settings.OUTER_SECRET = secrets.token_urlsafe(16)
    with pytest.raises(reaching.Unreached, match="404"):
        line.sent(body)
    assert requests.post(f"{resident.zone.site}/outer/exchange/", body, timeout=10).status_code == 404
    assert requests.get(f"{resident.zone.site}/outer/exchange/", timeout=10).status_code in (404, 405)
    assert resident.zone.waiting() == 1


def test_an_answer_that_was_changed_is_not_believed(resident: Browser) -> None:
    resident.file(TEXT)
    body = message()
    said, signature = line.sent(body)
    with pytest.raises(reaching.Unreached):
        answers.opened(body, said.replace(b'"waiting":1', b'"waiting":0'), signature)


def test_what_was_changed_in_the_outer_database_is_set_aside_and_holds_up_nobody(resident: Browser) -> None:
    resident.file(TEXT)
    whole = Browser(resident.zone).file(f"{TEXT}，又一次")
    resident.zone.rows(
        "UPDATE incidents_outeritem SET body = set_byte(body, 40, (get_byte(body, 40) + 1) %% 256)"
        " WHERE id = (SELECT min(id) FROM incidents_outeritem)"
    )
    reach()
    assert [one.tracking_code for one in Report.objects.all()] == [whole]
    assert standing.as_seen_inside(now=timezone.now())["set_aside"] == 1
    assert resident.zone.waiting() == 0


def test_a_report_that_was_redated_in_the_outer_database_is_not_believed(resident: Browser) -> None:
    resident.file(TEXT)
    resident.zone.rows("UPDATE incidents_outeritem SET filed_at = filed_at - interval '3 days'")
    reach()
    assert not Report.objects.exists()
    assert OuterArrival.objects.get().problem == taking.TAMPERED


def test_what_an_old_key_opened_is_taken_once_the_key_is_back(resident: Browser, settings: Any) -> None:
    code = resident.file(TEXT)
    right, settings.OUTER_OPEN_KEYS = settings.OUTER_OPEN_KEYS, [keys.new_pair()[0]]
    reach()
    assert not Report.objects.exists()
    settings.OUTER_OPEN_KEYS = [keys.new_pair()[0], *right]
    assert taking.again(at=timezone.now()) == 1
    assert Report.objects.get().tracking_code == code
    assert standing.as_seen_inside(now=timezone.now())["set_aside"] == 0


# --- answering back -------------------------------------------------------------------------------


def test_what_is_added_outside_reaches_the_case(resident: Browser) -> None:
    code = resident.file(TEXT)
    reach()
    assert resident.post(f"/r/{code}/add/", {"added": "灯杆编号是九号"}).ok
    assert "灯杆编号是九号" in resident.page(code)
    assert "九号".encode() not in resident.zone.everything()
    reach()
    assert TimelineEntry.objects.filter(kind="supplemented").count() == 1
    assert "灯杆编号是九号" in resident.page(code)


def test_an_addition_may_follow_before_the_core_has_come(resident: Browser) -> None:
    code = resident.file(TEXT)
    assert resident.post(f"/r/{code}/add/", {"added": "灯杆编号是九号"}).ok
    assert reach() == 2
    assert Report.objects.get().updates.count() == 1


def test_a_rating_counts_once_it_was_fetched_and_the_first_one_stands(
    resident: Browser, resolved_case: Incident
) -> None:
    reach()  # the case was there before; its page is pushed
    code = resolved_case.links.get().report.tracking_code
    resident.page(code)
    assert resident.post(f"/r/{code}/rating/", {"speed": "5"}).ok
    assert resident.post(f"/r/{code}/rating/", {"speed": "1"}).ok
    reach()
    assert Feedback.objects.get().speed == 5


def test_a_report_is_taken_back_from_outside(resident: Browser) -> None:
    code = resident.file(TEXT)
    reach()
    assert resident.post(f"/r/{code}/withdrawal/", {}).ok
    assert "You took this report back" in resident.page(code)
    reach()
    assert Report.objects.get().withdrawn_at is not None
    assert "You took this report back" in resident.page(code)


def test_what_comes_too_late_changes_nothing_and_the_page_says_how_it_stands(resident: Browser) -> None:
    code = resident.file(TEXT)
    reach()
    resident.post(f"/r/{code}/withdrawal/", {})
    answering.answer(code, kind=Answer.WITHDRAW, at=timezone.now())  # said at the counter meanwhile
    reach()
    assert OuterArrival.objects.get(kind="withdraw").problem == "already_withdrawn"
    assert OuterArrival.objects.get(kind="withdraw").kept == b""


def test_the_list_of_ones_number_says_that_it_is_not_here(resident: Browser) -> None:
    page = resident.get("/mine/", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert "does not know whose number is whose" in page.text
    assert resident.get("/mine/reports/").status_code == 404


# --- times and lags -------------------------------------------------------------------------------


def test_times_are_the_outer_zones_and_a_wrong_clock_is_told(resident: Browser) -> None:
    resident.file(TEXT)
    reach()
    assert abs(OuterLink.objects.get().skew) < 5
    told = standing.as_seen_inside(now=timezone.now() + timedelta(hours=2))
    assert 7_190 < told["silent_seconds"] < 7_400


def test_the_outer_zone_tells_what_waits(resident: Browser) -> None:
    resident.file(TEXT)
    told = resident.get("/metrics").text
    assert "yiwang_outer_waiting 1.000" in told
    assert "yiwang_sweep" not in told
    doctor = resident.zone.manage("doctor")
    told = doctor.stdout + doctor.stderr
    assert "waiting: 1." in told or "等待的有 1 件" in told, told


def test_a_page_is_pushed_again_only_when_it_changed(resident: Browser) -> None:
    resident.file(TEXT)
    reach()
    reach()
    assert not OuterPushed.objects.filter(wanted_at__isnull=False).exists()
    before = resident.zone.rows("SELECT body FROM incidents_outerpage WHERE key LIKE 'report:%%'")
    reach()
    assert resident.zone.rows("SELECT body FROM incidents_outerpage WHERE key LIKE 'report:%%'") == before


def test_what_has_expired_is_not_shown(resident: Browser) -> None:
    code = resident.file(TEXT)
    resident.zone.rows("UPDATE incidents_outerpage SET expires_at = now() - interval '1 second'")
    assert resident.get(f"/r/{code}/").status_code == 404


# --- on a disk ------------------------------------------------------------------------------------


def test_where_no_line_is_files_are_carried(resident: Browser, tmp_path: Any, settings: Any) -> None:
    settings.OUTER_URL = ""
    code = resident.file(TEXT)
    disk = tmp_path / "disk"
    carrying.export(disk, at=timezone.now())
    done = resident.zone.manage("outer_exchange", str(disk))
    assert "answered" in done.stdout, done.stderr
    assert TEXT.encode() not in b"".join(path.read_bytes() for path in disk.iterdir())
    assert carrying.take_in(disk, at=timezone.now()) == 1
    assert carrying.take_in(disk, at=timezone.now()) == 1  # read again: nothing comes of it
    assert Report.objects.get().tracking_code == code
    again = tmp_path / "again"
    carrying.export(again, at=timezone.now())
    resident.zone.manage("outer_exchange", str(again))
    assert resident.zone.waiting() == 0
    carrying.take_in(again, at=timezone.now())
    assert "It waits to be fetched" not in resident.page(code)
