"""The same brief on paper, in a workbook and in a mail: one page, numbers as numbers, each mail once."""

import io
import re
from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils.translation import override
from openpyxl import load_workbook

from dashboards.briefs import acting, keeping, mailing, paper, shown, sweeping, workbook
from dashboards.briefs.acting import FollowedSaid, ProblemSaid
from dashboards.models import Brief, BriefEdition, BriefPaper
from incidents import letters
from incidents.delivery import deliver, spread
from incidents.models import OutboxMessage, Parcel, Text
from incidents.transports import Letter, TransportError
from incidents.transports.mail import MailTransport
from tests.cast import Person
from tests.dashboards.briefs.weeks import EIGHT, LAMPS, WATER, WEEK, two_weeks, work
from tests.dashboards.conftest import sign_in
from tests.incidents.servers import mail_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def edition(supervisor: Person, leader: Person) -> BriefEdition:
    """The week's brief of the district, as long as words may make it."""
    two_weeks()
    sweeping.begin_due(at=EIGHT)
    first = Brief.objects.get(kind="week", about="district", first=date(2026, 6, 22))
    longest = [
        ProblemSaid(
            words="灯" * acting.TITLE_MOST,
            cause="因" * acting.WORDS_MOST,
            advice="议" * acting.WORDS_MOST,
            unit="operations-centre",
            due=date(2026, 7, 20),
            measure=f"{name}:440307014000:0101",
        )
        for name in ("handle_mean", "on_time", "received")
    ]
    acting.write(brief=first.pk, problems=longest, actor=supervisor.actor, at=EIGHT)
    acting.issue(brief=first.pk, actor=supervisor.actor, at=EIGHT)
    brief = Brief.objects.get(kind="week", about="district", first=WEEK[0])
    acting.write(
        brief=brief.pk,
        problems=longest,
        followed=[
            FollowedSaid(one.follows_id or 0, "under_way", "话" * acting.WORDS_MOST)
            for one in keeping.owed(brief)
        ],
        decision='=HYPERLINK("http://evil.example","点我")' + "决" * 150,
        outlook="电话 13812342207 " + "望" * 190,
        actor=supervisor.actor,
        at=EIGHT,
    )
    return acting.issue(brief=brief.pk, actor=supervisor.actor, at=EIGHT)


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_however_much_is_said_it_is_one_page_with_its_font(edition: BriefEdition, language: str) -> None:
    with override(language):
        body = paper.of_edition(edition)
        sheet = shown.of_edition(edition.brief, edition)
        assert paper.draw(sheet, at=edition.at) == body  # the same bytes whenever it is drawn
        page = paper._Page(paper._SIZES[-1], sheet.title, edition.at)
        assert page.lay_out(sheet) <= paper._BOTTOM + 0.01
    assert body.startswith(b"%PDF-")
    assert pages_of(body) == 1
    assert b"/FontFile" in body
    assert len(body) < 400_000


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_workbook_holds_the_numbers_as_numbers_and_draws_its_own_charts(
    edition: BriefEdition, language: str
) -> None:
    with override(language):
        sheet = shown.of_edition(edition.brief, edition)
        body = workbook.build(edition.brief, sheet, at=edition.at)
        again = workbook.build(edition.brief, sheet, at=edition.at)
    assert len(body) == len(again)
    book = load_workbook(io.BytesIO(body))
    assert sum(len(page._charts) for page in book) >= 4
    values = {one["code"]: one["value"] for one in edition.figures["indicators"]}
    summary = book.worksheets[0]
    shown_numbers = [row[1].value for row in summary.iter_rows(min_row=7, max_row=12)]
    # Fifteen digits, as Excel keeps them.
    assert shown_numbers == [pytest.approx(values[row.code], rel=1e-12) for row in sheet.rows]
    line = book.worksheets[2]
    assert line.cell(5, 3).value == edition.figures["line"]["steps"][0]["handled"]
    assert line.cell(5, 1).is_date
    # Whatever somebody writes begins no formula.
    assert not [
        cell.coordinate for page in book for row in page.iter_rows() for cell in row if cell.data_type == "f"
    ]
    assert any("HYPERLINK" in str(cell.value) for row in summary.iter_rows() for cell in row)
    with_numbers = [cell.value for row in line.iter_rows(min_row=5) for cell in row if cell.value is not None]
    assert all(not isinstance(value, str) for value in with_numbers)


def test_a_mail_is_text_and_html_with_the_paper_enclosed_and_no_number_of_anybody(
    edition: BriefEdition, leader: Person, supervisor: Person, settings: Any
) -> None:
    for somebody in (leader, supervisor):
        somebody.user.email = f"{somebody.user.username}@yiwang.example"
        somebody.user.save()
    settings.DEFAULT_FROM_EMAIL = "yiwang@yiwang.example"
    spread(at=EIGHT)
    with mail_server() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        for _again in range(3):
            deliver(at=EIGHT + timedelta(minutes=1), transports={"email": MailTransport(5.0)})
        mails = [message_from_bytes(sent, policy=policy.default) for sent in server.mails]
    assert len(mails) == 2
    assert {str(mail["To"]) for mail in mails} == {leader.user.email, supervisor.user.email}
    mail = mails[0]
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    with override("zh-hans"):
        sheet = shown.of_edition(edition.brief, edition)
        drawn = paper.of_edition(edition)
    for part in (plain.get_content(), html.get_content()):
        assert sheet.rows[1].now in part
        assert f"/briefs/{edition.brief_id}/" in part
        assert "13812342207" not in part
    enclosed = list(mail.iter_attachments())
    assert [one.get_content_type() for one in enclosed] == ["application/pdf"]
    assert enclosed[0].get_content() == drawn
    assert not Parcel.objects.filter(data__icontains="yiwang.example").exists()


def test_a_telephone_that_somebody_wrote_is_whole_in_no_page_no_file_and_no_answer(
    edition: BriefEdition, supervisor: Person, client: Client
) -> None:
    number = "13812342207"
    told = ProblemSaid(words=f"找{number}", cause=f"问{number}", advice=f"打{number}")
    acting.write(brief=edition.brief_id, problems=[told], decision=f"批{number}", outlook=f"等{number}",
                 actor=supervisor.actor, at=EIGHT)  # fmt: skip
    revised = acting.revise(
        brief=edition.brief_id, words=f"更正,详询{number}", actor=supervisor.actor, at=EIGHT
    )
    page, answer = f"/briefs/{edition.brief_id}/", f"/api/v1/briefs/{edition.brief_id}/"
    sign_in(client, supervisor)
    with override("zh-hans"):
        sheet = shown.of_edition(revised.brief, revised)
        assert paper.of_edition(revised) == paper.draw(sheet, at=revised.at)
        book = load_workbook(io.BytesIO(workbook.build(revised.brief, sheet, at=revised.at)))
        mail = mailing.make(revised.brief, revised)
    cells = [str(cell.value) for one in book for row in one.iter_rows() for cell in row]
    everything = {
        "sheet": repr(sheet),
        "page": client.get(page).content.decode(),
        "workbook": "".join(cells),
        "mail": mail.subject + mail.text + mail.html,
        "answer": client.get(answer).content.decode(),
    }
    assert {name for name, words in everything.items() if number in words} == set()
    entries = {one["kind"]: one for one in client.get(answer).json()["entries"]}
    assert entries["problem"]["words"] == "找138****2207"
    assert client.get(answer).json()["edition"]["note"] == "更正,详询138****2207"
    # What is erased is said to be, there too.
    Text.objects.update(erased_at=EIGHT)
    assert client.get(answer).json()["edition"]["note"] == "（已删除）"


def test_what_is_erased_is_on_no_paper_and_in_no_mail(edition: BriefEdition) -> None:
    parcel = Parcel(data={"number": str(edition.brief_id), "facts": {"edition": edition.number}})
    outlook = edition.entries.get(kind="outlook").words
    # Its problem is called what an earlier edition calls it.
    origin = edition.entries.filter(kind="followed")[0].follows
    assert outlook is not None
    assert origin is not None
    assert origin.words is not None
    with override("zh-hans"):
        assert mailing.mail_of(parcel).enclosures[0].content == paper.of_edition(edition)
        with pytest.raises(IntegrityError), transaction.atomic():
            BriefPaper.objects.filter(edition=edition).delete()
        for text in (outlook, origin.words):
            before = paper.of_edition(edition)
            Text.objects.filter(pk=text.pk).update(erased_at=EIGHT, body="")
            drawn = paper.of_edition(edition)
            assert drawn != before
            assert drawn == paper.draw(shown.of_edition(edition.brief, edition), at=edition.at)
        again = mailing.mail_of(parcel)
    assert again.enclosures[0].content == drawn


def test_what_is_erased_while_the_paper_is_drawn_is_not_on_it(
    edition: BriefEdition, monkeypatch: pytest.MonkeyPatch
) -> None:
    outlook = edition.entries.get(kind="outlook").words
    assert outlook is not None
    drawn: list[bytes] = []

    def erased_meanwhile(*given: Any, **more: Any) -> bytes:
        drawn.append(draw(*given, **more))
        if len(drawn) == 1:
            Text.objects.filter(pk=outlook.pk).update(erased_at=EIGHT, body="")
        return drawn[-1]

    draw = paper.draw
    monkeypatch.setattr(paper, "draw", erased_meanwhile)
    with override("en"):
        assert paper.of_edition(edition) == drawn[1] != drawn[0]
        assert paper.of_edition(edition) == drawn[1]
    assert len(drawn) == 2


def test_a_brief_is_issued_though_its_paper_cannot_be_drawn(
    edition: BriefEdition, supervisor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: Any, **_more: Any) -> bytes:
        raise OSError("no font")

    monkeypatch.setattr(paper, "draw", broken)
    street = Brief.objects.filter(about="street", status="draft")[0]
    assert acting.issue(brief=street.pk, actor=supervisor.actor, at=EIGHT).number == 0
    street.refresh_from_db()
    assert street.status == "issued"


@pytest.mark.parametrize("long", [False, True])
def test_a_page_is_filled_and_never_left(long: bool, edition: BriefEdition, caplog: Any) -> None:
    """What is short is set larger; the longest words that the fields take fit in Latin letters too."""
    with override("en"):
        sheet = shown.of_edition(edition.brief, edition)
    line = sheet.problems[0]
    few = replace(sheet, problems=[], followed=[], followed_title="", outlook="", decision="")
    most = replace(
        sheet,
        problems=[
            replace(line, name="Lamps " * 6, cause="because " * 11, advice="better " * 12, unit="Unit " * 12)
        ]
        * 3,
        outlook="rainfall " * 24,
        decision="whether " * 27,
    )
    pages = [paper._Page(size, sheet.title, EIGHT) for size in (*paper._LARGER, *paper._SIZES)]
    ends = [page.lay_out(most if long else few) for page in pages]
    assert min(ends) <= paper._BOTTOM
    assert (ends[0] <= paper._BOTTOM) is not long
    assert pages_of(paper.draw(most if long else few, at=EIGHT)) == 1
    assert not [one for one in caplog.records if one.name == paper.log.name]


def test_a_mail_that_fails_is_tried_again_under_the_same_id_and_goes_out_once(
    edition: BriefEdition, leader: Person
) -> None:
    leader.user.email = "leader@yiwang.example"
    leader.user.save()
    spread(at=EIGHT)
    sent: list[Letter] = []

    class Failing:
        fails = True

        def send(self, letter: Letter) -> None:
            sent.append(letter)
            if self.fails:
                raise TransportError("busy")

    transport = Failing()
    deliver(at=EIGHT, transports={"email": transport})
    parcel = Parcel.objects.get(user=leader.user)
    assert (parcel.attempts, parcel.sent_at) == (1, None)
    transport.fails = False
    deliver(at=EIGHT + timedelta(hours=1), transports={"email": transport})
    deliver(at=EIGHT + timedelta(hours=2), transports={"email": transport})
    assert [letter.key for letter in sent] == [parcel.key] * 2
    assert sent[0] == sent[1]
    # Told again by whoever runs the sweep again: the message is the same one.
    sweeping.issue_due(at=EIGHT + timedelta(hours=3), limit=100)
    assert OutboxMessage.objects.filter(receiver=f"user:{leader.user.pk}", kind="brief.issued").count() == 1


def test_notices_of_what_is_no_case_lead_to_their_own_pages() -> None:
    pages = {"scoring.published": "scoring-period", "warning.found": "warning", "warning.project": "project"}
    assert {kind: letters._page(kind) for kind in pages} == pages
    assert letters._page("brief.drafted") == "brief"
    assert letters._page("timer.warned") == "case"


def test_few_cases_are_said_to_be_few_and_drawn_as_nothing() -> None:
    work(date(2026, 6, 20), date(2026, 6, 21), 2, **LAMPS)
    work(*WEEK, 3, **WATER)
    sweeping.begin_due(at=EIGHT)
    sweeping.issue_due(at=EIGHT, limit=100)
    few = Brief.objects.get(kind="week", about="district", first=WEEK[0]).editions.get()
    with override("en"):
        sheet = shown.of_edition(few.brief, few)
        assert pages_of(paper.of_edition(few)) == 1
        assert workbook.build(few.brief, sheet, at=few.at)
        assert mailing.make(few.brief, few).enclosures
    assert {row.state for row in sheet.rows if row.now != "—"} == {"paused"}
    assert sheet.places == []
