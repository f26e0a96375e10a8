"""The case page, its actions, the list, the inbox, and who sees which of them."""

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from accounts.models import OrgUnit
from accounts.roles import Role
from incidents import actions, seeing
from incidents.models import Attachment, CaseRequest, Incident
from incidents.models.incident import Status
from tests.browsers import As
from tests.cast import TUESDAY, Person, file_report, person, reload
from tests.incidents.pages.conftest import SetClock


def act(case: Incident, step: str) -> str:
    return reverse("case-act", args=[case.number, step])


def photo(colour: str = "grey") -> SimpleUploadedFile:
    picture = BytesIO()
    Image.new("RGB", (40, 30), colour).save(picture, "JPEG")
    return SimpleUploadedFile("after.jpg", picture.getvalue(), "image/jpeg")


@pytest.fixture
def checker(resolved_case: Incident) -> Person:
    """Works for the unit that was asked to verify the resolved case."""
    unit = resolved_case.verifications.get().unit
    return person("checker", Role.HANDLER, unit.code, "郑核")


def test_the_machine_s_reasons_do_not_speak_for_the_unit_that_somebody_chose_instead(
    browse: As, dispatcher: Person, lamp_case: Incident
) -> None:
    proposed = "The machine proposed"
    english = {"headers": {"accept-language": "en"}}
    address = reverse("case", args=[lamp_case.number])
    first = lamp_case.owner_unit.name_en
    assert proposed not in browse(dispatcher).get(address, **english).content.decode()
    actions.redispatch(
        number=lamp_case.number,
        item_code="0204-001",
        unit_code="power-grid",
        reason="查明是供电线路",
        actor=dispatcher.actor,
        at=TUESDAY + timedelta(hours=1),
    )
    assert f"{proposed} {first}, because:" in browse(dispatcher).get(address, **english).content.decode()


# --- the handler --------------------------------------------------------------------------------


def test_the_inbox_shows_what_is_to_be_accepted(browse: As, handler: Person, lamp_case: Incident) -> None:
    page = browse(handler).get(reverse("inbox"))
    groups = page.context["groups"]
    assert [row["case"].pk for group in groups for row in group["rows"]] == [lamp_case.pk]


def test_the_inbox_of_another_unit_is_empty(browse: As, other_handler: Person, lamp_case: Incident) -> None:
    assert browse(other_handler).get(reverse("inbox")).context["groups"] == []


def test_the_inbox_answers_304_until_something_changes(
    browse: As, handler: Person, lamp_case: Incident, now: SetClock
) -> None:
    client = browse(handler)
    poll = {"X-Requested-With": "poll"}
    first = client.get(reverse("inbox"), headers=poll)
    assert "<html" not in first.content.decode()
    same = client.get(reverse("inbox"), headers={**poll, "If-None-Match": first["ETag"]})
    assert same.status_code == 304
    actions.accept(number=lamp_case.number, actor=handler.actor, at=now.at)
    changed = client.get(reverse("inbox"), headers={**poll, "If-None-Match": first["ETag"]})
    assert changed.status_code == 200


def test_accepting_from_the_page(browse: As, handler: Person, lamp_case: Incident) -> None:
    answer = browse(handler).post(act(lamp_case, "accept"), {"seen_version": lamp_case.version})
    assert answer.status_code == 302
    assert reload(lamp_case).status == Status.HANDLING


def test_a_return_that_names_nobody_is_refused_and_keeps_the_words(
    browse: As, handler: Person, lamp_case: Incident
) -> None:
    given = {"why": "facility", "reason": "灯杆上没有我们的编号", "seen_version": lamp_case.version}
    answer = browse(handler).post(act(lamp_case, "request-return"), given)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "灯杆上没有我们的编号" in page
    # Either is enough, so neither is said to be optional.
    labels = [
        re.sub(r"<[^>]+>|\s", "", one)
        for one in re.findall(r'<label class="form-label".*?</label>', page, re.S)
    ]
    assert len(labels) == 3
    assert not [label for label in labels if "optional" in label or "可不填" in label]
    assert not CaseRequest.objects.exists()


def test_a_return_with_the_right_unit_is_asked_for(browse: As, handler: Person, lamp_case: Incident) -> None:
    given = {
        "why": "facility",
        "reason": "电信的杆",
        "cites": "《电信条例》",
        "proposed_unit": "china-telecom",
    }
    assert browse(handler).post(act(lamp_case, "request-return"), given).status_code == 302
    asked = CaseRequest.objects.get()
    assert asked.proposed_unit_id == "china-telecom"
    assert reload(lamp_case).owner_unit_id == handler.unit


def test_resolving_with_a_photo(browse: As, handler: Person, accepted_case: Incident, now: SetClock) -> None:
    now.at = TUESDAY + timedelta(hours=2)
    given = {
        "outcome": "solved",
        "text": "已换灯头",
        "attested": "on",
        "photos": photo(),
        "seen_version": accepted_case.version,
    }
    assert browse(handler).post(act(accepted_case, "resolve"), given).status_code == 302
    assert reload(accepted_case).status == Status.RESOLVED
    assert accepted_case.attachments.get().stage == Attachment.Stage.AFTER


def test_a_picture_used_before_names_no_case_that_its_reader_may_not_open(
    browse: As, handler: Person, operator: Person, accepted_case: Incident, db: None
) -> None:
    other = file_report(text="这里有人在吵架", category=None, external_id="elsewhere")
    Incident.objects.filter(pk=other.pk).update(owner_unit="operations-centre")
    other.assignments.update(unit="operations-centre")
    for case in (accepted_case, other):
        Attachment.objects.create(
            incident=case,
            stage=Attachment.Stage.AFTER,
            file="x.jpg",
            content_type="image/jpeg",
            size=1,
            width=1,
            height=1,
            fingerprint="the same bytes",
            uploaded_at=TUESDAY,
        )
    url = reverse("case", args=[accepted_case.number])
    [by_unit] = browse(handler).get(url).context["photo_words"]
    [by_centre] = browse(operator).get(url).context["photo_words"]
    assert (by_unit.state, by_centre.state) == ("overdue", "overdue")
    assert other.number not in by_unit.words
    assert other.number in by_centre.words


def test_solved_without_the_closing_condition_is_refused_and_keeps_the_photo(
    browse: As, handler: Person, accepted_case: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + timedelta(hours=2)
    client = browse(handler)
    given = {"outcome": "solved", "text": "已换灯头", "photos": photo()}
    refused = client.post(act(accepted_case, "resolve"), given)
    assert refused.status_code == 400
    assert "已换灯头" in refused.content.decode()
    kept = str(Attachment.objects.get().pk)
    assert kept in refused.content.decode()
    again = {"outcome": "solved", "text": "已换灯头", "attested": "on", "kept": kept}
    assert client.post(act(accepted_case, "resolve"), again).status_code == 302
    assert str(accepted_case.attachments.get().pk) == kept


def test_parking_needs_a_date_ahead(
    browse: As, handler: Person, accepted_case: Incident, now: SetClock
) -> None:
    client = browse(handler)
    refused = client.post(act(accepted_case, "resolve"), {"outcome": "parked", "text": "等材料"})
    assert refused.status_code == 400
    given = {"outcome": "parked", "text": "等材料", "parked_until": "2026-08-01"}
    assert client.post(act(accepted_case, "resolve"), given).status_code == 302
    assert reload(accepted_case).status == Status.PARKED


def test_what_is_no_picture_is_refused_beside_the_form(
    browse: As, handler: Person, accepted_case: Incident
) -> None:
    given = {"outcome": "solved", "text": "好了", "attested": "on"}
    upload = SimpleUploadedFile("after.jpg", b"not a picture", "image/jpeg")
    answer = browse(handler).post(act(accepted_case, "resolve"), {**given, "photos": upload})
    assert answer.status_code == 400
    assert reload(accepted_case).status == Status.HANDLING


def test_two_tabs_cannot_both_act(browse: As, handler: Person, lamp_case: Incident) -> None:
    client, seen = browse(handler), lamp_case.version
    assert client.post(act(lamp_case, "accept"), {"seen_version": seen}).status_code == 302
    again = client.post(act(lamp_case, "accept"), {"seen_version": seen})
    assert again.status_code == 409


# --- checking and the centre ----------------------------------------------------------------------


def test_the_checker_closes_the_case(
    browse: As, checker: Person, resolved_case: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + timedelta(hours=3)
    client = browse(checker)
    inbox = client.get(reverse("inbox"), {"tab": "verify"})
    assert [row["case"].pk for group in inbox.context["groups"] for row in group["rows"]] == [
        resolved_case.pk
    ]
    given = {"fixed": "yes", "photos": photo(), "seen_version": resolved_case.version}
    assert client.post(act(resolved_case, "verify"), given).status_code == 302
    assert reload(resolved_case).status == Status.CLOSED
    assert resolved_case.attachments.get().stage == Attachment.Stage.CHECK


def test_not_fixed_says_what_and_goes_back(
    browse: As, checker: Person, resolved_case: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + timedelta(hours=3)
    client = browse(checker)
    assert client.post(act(resolved_case, "verify"), {"fixed": "no"}).status_code == 400
    assert client.post(act(resolved_case, "verify"), {"fixed": "no", "text": "还是不亮"}).status_code == 302
    assert reload(resolved_case).rework_count == 1


def test_the_centre_closes_reopens_and_sends_elsewhere(
    browse: As, dispatcher: Person, resolved_case: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + timedelta(hours=3)
    client = browse(dispatcher)
    assert client.post(act(resolved_case, "close"), {"reason": "电话核实"}).status_code == 302
    assert client.post(act(resolved_case, "reopen"), {"reason": "又坏了", "to_desk": "no"}).status_code == 302
    given = {"item_code": "0204-001", "unit_code": "power-grid", "reason": "供电线路问题"}
    assert client.post(act(resolved_case, "redispatch"), given).status_code == 302
    assert reload(resolved_case).owner_unit_id == "power-grid"


def test_a_note_is_on_the_timeline(browse: As, handler: Person, accepted_case: Incident) -> None:
    client = browse(handler)
    client.post(act(accepted_case, "note"), {"text": "配件明天到"})
    page = client.get(reverse("case", args=[accepted_case.number]))
    assert "配件明天到" in [line.note for line in page.context["lines"]]


def test_the_page_without_scripts_has_a_form_for_each_action(
    browse: As, handler: Person, lamp_case: Incident
) -> None:
    client = browse(handler)
    page = client.get(act(lamp_case, "request-return"))
    assert page.status_code == 200
    assert page.context["form"].initial["seen_version"] == lamp_case.version
    assert client.get(act(lamp_case, "no-such-step")).status_code == 404


def test_every_case_page_costs_a_fixed_number_of_queries(
    browse: As, handler: Person, accepted_case: Incident, django_assert_max_num_queries: Any
) -> None:
    client = browse(handler)
    for serial in range(5):
        actions.note(
            number=accepted_case.number,
            text=f"第 {serial} 次",
            actor=handler.actor,
            at=TUESDAY + timedelta(hours=1),
        )
    with django_assert_max_num_queries(64):
        client.get(reverse("case", args=[accepted_case.number]))


# --- the list -------------------------------------------------------------------------------------


def test_filters_live_in_the_address(
    browse: As, supervisor: Person, lamp_case: Incident, desk_case: Incident
) -> None:
    client = browse(supervisor)

    def found(**query: str) -> set[str]:
        return {row["case"].number for row in client.get(reverse("cases"), query).context["rows"]}

    assert found(status="triage") == {desk_case.number}
    assert found(unit=lamp_case.owner_unit_id) == {lamp_case.number}
    assert found(street=lamp_case.street_code, category="0204") == {lamp_case.number}
    assert found(q=lamp_case.number[:10]) == {lamp_case.number, desk_case.number}
    assert found(q="路灯") == set()
    assert client.get(reverse("cases"), {"q": lamp_case.number}).url == reverse(
        "case", args=[lamp_case.number]
    )


def test_who_sees_many_is_told_of_none_where_a_filter_is_not_understood(
    browse: As, handler: Person, lamp_case: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeing, "FEW", 0)
    client = browse(handler)
    assert client.get(reverse("cases")).context["count"] > 0
    page = client.get(reverse("cases"), {"status": "lost"})
    assert (page.context["rows"], page.context["count"], page.context["is_filtered"]) == ([], 0, True)


def test_overdue_shows_the_longest_overdue_first(
    browse: As, supervisor: Person, lamp_case: Incident, desk_case: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + timedelta(days=30)
    rows = browse(supervisor).get(reverse("cases"), {"overdue": "on"}).context["rows"]
    due = [row["case"].due_at for row in rows]
    assert len(due) == 2
    assert due == sorted(due)


def test_pages_follow_each_other_without_gap_or_repeat(
    browse: As, supervisor: Person, lamp_case: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.pages.case_list.PAGE", 3)
    for serial in range(6):
        file_report(external_id=f"page-{serial}", text="某处" + "灯树路水电车"[serial] * 30)
    client = browse(supervisor)
    for query in ({}, {"overdue": "on"}):
        seen, url = [], reverse("cases") + ("?overdue=on" if query else "")
        while url:
            page = client.get(url)
            seen += [row["case"].pk for row in page.context["rows"]]
            last, url = page, page.context["later"] and reverse("cases") + page.context["later"]
        assert len(seen) == len(set(seen))
        if not query:
            assert len(seen) == Incident.objects.count()
            before = client.get(reverse("cases") + last.context["earlier"])
            assert [row["case"].pk for row in before.context["rows"]] == seen[-4:-1] or len(seen) % 3 == 0


@pytest.mark.parametrize("cursor", ["x", "1e400_3", "_", "9" * 100, "nan_1"])
def test_a_broken_cursor_is_the_first_page(
    browse: As, supervisor: Person, lamp_case: Incident, cursor: str
) -> None:
    for query in ({}, {"overdue": "on"}):
        assert browse(supervisor).get(reverse("cases"), {**query, "after": cursor}).status_code == 200


# --- who sees what --------------------------------------------------------------------------------


def test_the_wrong_units_handler_sees_no_such_case(
    browse: As, other_handler: Person, lamp_case: Incident
) -> None:
    client = browse(other_handler)
    assert client.get(reverse("case", args=[lamp_case.number])).status_code == 404
    assert client.post(act(lamp_case, "accept")).status_code == 404
    assert client.get(reverse("cases")).context["rows"] == []


def test_another_streets_supervisor_sees_no_such_case(
    browse: As, street_supervisor: Person, lamp_case: Incident
) -> None:
    assert OrgUnit.objects.get(code="pinghu").area_code != lamp_case.street_code
    assert browse(street_supervisor).get(reverse("case", args=[lamp_case.number])).status_code == 404


def test_a_leader_reads_and_does_not_act(browse: As, leader: Person, lamp_case: Incident) -> None:
    client = browse(leader)
    page = client.get(reverse("case", args=[lamp_case.number]))
    assert page.status_code == 200
    assert page.context["sheets"] == []
    assert page.context["main"] == ""
    for step in ("accept", "close", "note", "redispatch"):
        assert client.get(act(lamp_case, step)).status_code == 403
    assert client.get(reverse("desk")).status_code == 403
    assert client.get(reverse("inbox")).status_code == 403


def test_an_admin_sees_no_case(browse: As, admin: Person, lamp_case: Incident) -> None:
    client = browse(admin)
    for name in ("desk", "inbox", "cases"):
        assert client.get(reverse(name)).status_code == 403
    assert client.get(reverse("case", args=[lamp_case.number])).status_code == 403
    page = client.get(reverse("installation"))
    assert page.status_code == 200
    assert lamp_case.number not in page.content.decode()


def test_a_handler_has_no_desk(browse: As, handler: Person, desk_case: Incident) -> None:
    assert browse(handler).get(reverse("desk")).status_code == 403
    assert browse(handler).post(reverse("desk-claim", args=[desk_case.number])).status_code == 403


def test_a_handler_sees_the_number_only_masked_until_asked(
    browse: As, handler: Person, lamp_case: Incident
) -> None:
    client = browse(handler)
    page = client.get(reverse("case", args=[lamp_case.number])).content.decode()
    assert "138****2207" in page
    assert "13812342207" not in page
    report = lamp_case.links.get().report_id
    shown = client.post(reverse("case-unmask", args=[lamp_case.number]), {"report": report})
    assert "13812342207" in shown.content.decode()


def test_a_leader_cannot_unmask(browse: As, leader: Person, lamp_case: Incident) -> None:
    report = lamp_case.links.get().report_id
    answer = browse(leader).post(reverse("case-unmask", args=[lamp_case.number]), {"report": report})
    assert answer.status_code == 403
    assert "13812342207" not in answer.content.decode()


def test_the_unit_never_learns_who_tipped_it_off(browse: As, handler: Person, operator: Person) -> None:
    case = file_report(nature="tip_off")
    page = browse(handler).get(reverse("case", args=[case.number])).content.decode()
    assert "王**" not in page
    assert "2207" not in page
    assert "王**" in browse(operator).get(reverse("case", args=[case.number])).content.decode()
