"""The handler's page of a case and inbox: hands, lines to others, pictures that prove, words that wait."""

from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.expressions import RawSQL
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.roles import Role
from grids.locate import locate
from incidents import actions
from incidents.attachments import store_picture
from incidents.errors import InvalidInput
from incidents.models import Attachment, CannedAnswer, Incident, LateEntry, Submission
from incidents.models.incident import Status
from incidents.timeline import Kind
from tests.browsers import As
from tests.cast import LAMP_POINT, LAMP_UNIT, TUESDAY, Person, file_report, person, reload
from tests.incidents.pages.conftest import SetClock


def act(case: Incident, step: str) -> str:
    return reverse("case-act", args=[case.number, step])


def photo(colour: str = "grey", lon: float | None = None, lat: float | None = None) -> SimpleUploadedFile:
    picture, exif = BytesIO(), Image.Exif()
    if lon is not None and lat is not None:
        exif[0x8825] = {1: "N", 2: _degrees(lat), 3: "E", 4: _degrees(lon)}
    Image.new("RGB", (40, 30), colour).save(picture, "JPEG", exif=exif)
    return SimpleUploadedFile("a.jpg", picture.getvalue(), "image/jpeg")


def _degrees(value: float) -> tuple[float, float, float]:
    whole = int(value)
    return (float(whole), float(int((value - whole) * 60)), ((value - whole) * 60 % 1) * 60)


def later(client: Client, case: Incident, step: str, waited: timedelta, **given: Any) -> Any:
    """A form that waited on a telephone, as the script sends it."""
    headers = {"X-Submission": "later", "X-Submission-Age": str(waited.total_seconds())}
    return client.post(act(case, step), {"submission": str(uuid4()), **given}, headers=headers)


@pytest.fixture
def colleague(db: None) -> Person:
    return person("colleague", Role.HANDLER, LAMP_UNIT, "吴亮")


def rows(page: Any) -> list[str]:
    return [row["case"].number for group in page.context["groups"] for row in group["rows"]]


# --- whose hands ----------------------------------------------------------------------------------


def test_a_case_is_handed_on_and_stands_in_that_persons_own_part(
    browse: As, handler: Person, colleague: Person, accepted_case: Incident
) -> None:
    given = {"to": "colleague", "text": "带梯子", "seen_version": accepted_case.version}
    assert browse(handler).post(act(accepted_case, "assign"), given).status_code == 302
    assert rows(browse(colleague).get(reverse("inbox"), {"tab": "mine"})) == [accepted_case.number]
    assert rows(browse(handler).get(reverse("inbox"), {"tab": "mine"})) == []
    assert rows(browse(handler).get(reverse("inbox"), {"tab": "handling"})) == [accepted_case.number]


def test_what_is_parked_waits_in_a_part_of_its_own(
    browse: As, handler: Person, accepted_case: Incident
) -> None:
    actions.resolve(
        number=accepted_case.number,
        outcome="parked",
        text="等立项",
        parked_until=(TUESDAY + timedelta(days=20)).date(),
        actor=handler.actor,
        at=TUESDAY + timedelta(hours=1),
    )
    client = browse(handler)
    assert rows(client.get(reverse("inbox"), {"tab": "waiting"})) == [accepted_case.number]
    assert rows(client.get(reverse("inbox"), {"tab": "handling"})) == []


def test_an_inbox_costs_the_same_with_more_in_it(
    browse: As, handler: Person, lamp_case: Incident, django_assert_num_queries: Any
) -> None:
    client = browse(handler)
    client.get(reverse("inbox"))
    for serial in range(8):
        file_report(external_id=f"in-{serial}", text=f"第 {serial} 盏路灯坏了,请来修一下吧")
    with django_assert_num_queries(22):
        page = client.get(reverse("inbox"))
    assert len(rows(page)) >= 1


# --- words ----------------------------------------------------------------------------------------


def test_a_message_says_who_reads_it_and_goes_to_them(
    browse: As, handler: Person, accepted_case: Incident
) -> None:
    client = browse(handler)
    page = client.get(reverse("case", args=[accepted_case.number]))
    assert page.context["readers_note"]
    given = {"text": "后天修好", "seen_version": accepted_case.version}
    assert client.post(act(accepted_case, "message"), given).status_code == 302
    assert accepted_case.timeline.filter(kind=Kind.MESSAGED).count() == 1


def test_no_box_for_who_gave_a_tip_off(browse: As, handler: Person, db: None) -> None:
    tip = file_report(nature="tip_off")
    page = browse(handler).get(reverse("case", args=[tip.number]))
    assert not page.context["can"]["message"]
    assert "composer-message-text" not in page.content.decode()
    assert "composer-note-text" in page.content.decode()


def test_a_canned_answer_stands_in_the_box_without_a_script_too(
    browse: As, handler: Person, accepted_case: Incident
) -> None:
    kept = CannedAnswer.objects.create(
        unit_id=LAMP_UNIT, use="message", title="到场", body="{number} 今天到场", changed_at=TUESDAY
    )
    client = browse(handler)
    offered = client.get(reverse("case", args=[accepted_case.number])).context["offered"]["message"]
    assert [one["text"] for one in offered] == [f"{accepted_case.number} 今天到场"]
    page = client.get(act(accepted_case, "message"), {"canned": kept.pk})
    assert page.context["form"].initial["text"] == f"{accepted_case.number} 今天到场"


# --- a bad line -----------------------------------------------------------------------------------


def test_own_pictures_that_arrive_first_make_nothing_stale(
    browse: As, handler: Person, accepted_case: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + timedelta(hours=2)
    client = browse(handler)
    page = client.get(reverse("case", args=[accepted_case.number]))
    seen = {"seen_version": page.context["case"].version, "seen_line": page.context["seen_line"]}
    assert later(client, accepted_case, "photo", timedelta(minutes=9), stage="after", photos=photo()).json()
    given = {**seen, "outcome": "solved", "text": "已换灯头", "attested": "on"}
    sent = later(client, accepted_case, "resolve", timedelta(minutes=8), **given)
    assert sent.status_code == 200
    case = reload(accepted_case)
    assert case.status == Status.RESOLVED
    # It was done when it was written down, not when the line came back.
    assert case.resolved_at == now.at - timedelta(minutes=8)
    assert LateEntry.objects.get(incident=case).state == LateEntry.State.COUNTED


def test_what_others_did_meanwhile_is_news(
    browse: As, handler: Person, supervisor: Person, accepted_case: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + timedelta(hours=2)
    client = browse(handler)
    page = client.get(reverse("case", args=[accepted_case.number]))
    seen = {"seen_version": page.context["case"].version, "seen_line": page.context["seen_line"]}
    actions.note(number=accepted_case.number, text="请先别动", actor=supervisor.actor, at=now.at)
    given = {**seen, "outcome": "solved", "text": "已换灯头", "attested": "on"}
    refused = later(client, accepted_case, "resolve", timedelta(minutes=8), **given)
    assert refused.json()["refused"] == 409
    assert "请先别动" in client.get(reverse("case", args=[accepted_case.number])).content.decode()
    assert reload(accepted_case).status == Status.HANDLING


def test_what_waited_longer_than_a_day_counts_from_when_it_came(
    browse: As, handler: Person, accepted_case: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + timedelta(days=1, hours=3)
    given = {"outcome": "solved", "text": "已换灯头", "attested": "on"}
    sent = later(browse(handler), accepted_case, "resolve", timedelta(hours=26), **given)
    assert sent.status_code == 200
    assert reload(accepted_case).resolved_at == now.at


def test_the_same_form_twice_is_one_note(browse: As, handler: Person, accepted_case: Incident) -> None:
    client, given = browse(handler), {"text": "等配件", "submission": str(uuid4())}
    first, second = (client.post(act(accepted_case, "note"), given) for _try in range(2))
    assert (first.status_code, second.status_code, second["Location"]) == (302, 302, first["Location"])
    assert accepted_case.timeline.filter(kind=Kind.NOTED).count() == 1


# --- pictures -------------------------------------------------------------------------------------


def test_pictures_tell_where_they_were_taken_and_what_was_used_before(
    browse: As, handler: Person, accepted_case: Incident, now: SetClock
) -> None:
    lon, lat = LAMP_POINT
    client = browse(handler)
    used = photo("red", lon, lat)
    other = file_report(
        external_id="other", text="另一条路上的路灯坏了", place=locate(lon=lon + 0.02, lat=lat)
    )
    actions.accept(number=other.number, actor=handler.actor, at=now.at)
    client.post(act(other, "photo"), {"stage": "after", "photos": photo("red", lon, lat)})
    for sent in (used, photo("blue", lon, lat), photo("green", lon + 0.1, lat)):
        now.at += timedelta(minutes=1)
        client.post(act(accepted_case, "photo"), {"stage": "after", "photos": sent})
    page = client.get(reverse("case", args=[accepted_case.number]))
    assert [one.state for one in page.context["after"]] == ["overdue", "on", "warned"]
    assert other.number in page.context["after"][0].words


def test_a_condition_that_asks_for_pictures_gets_them(
    browse: As, other_handler: Person, dispatcher: Person, accepted_case: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + timedelta(hours=2)
    sent = {"item_code": "0605-007", "unit_code": "water-group", "reason": "应按此事项办"}
    at = TUESDAY + timedelta(hours=1)
    actions.redispatch(number=accepted_case.number, actor=dispatcher.actor, at=at, **sent)
    actions.accept(number=accepted_case.number, actor=other_handler.actor, at=at)
    client = browse(other_handler)
    given = {"outcome": "solved", "text": "已换灯头", "attested": "on"}
    assert client.post(act(accepted_case, "resolve"), given).status_code == 400
    assert reload(accepted_case).status == Status.HANDLING
    assert client.post(act(accepted_case, "resolve"), {**given, "photos": photo()}).status_code == 302
    assert Attachment.objects.get(incident=accepted_case).stage == Attachment.Stage.AFTER


def test_a_photo_whose_answer_was_lost_can_be_sent_again(
    browse: As, handler: Person, accepted_case: Incident
) -> None:
    """The process died when the photo was on the case and nothing had been answered yet."""
    phone = browse(handler)
    ahead = {"submission": str(uuid4()), "file": photo()}
    kept = phone.post(reverse("submission-photo"), ahead).json()["id"]
    told = {"submission": str(uuid4()), "stage": "after", "kept": kept}
    for _try in range(2):
        assert phone.post(act(accepted_case, "photo"), told).status_code == 302
        Submission.objects.all().delete()
    assert accepted_case.attachments.count() == 1
    assert accepted_case.timeline.filter(kind=Kind.PHOTO_ADDED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_resolution_and_its_photos_come_together_or_not_at_all(
    browse: As, handler: Person, accepted_case: Incident, now: SetClock
) -> None:
    """A process may be killed at any moment: there is none at which one stands without the other."""
    now.at = TUESDAY + timedelta(hours=2)
    given = {"outcome": "solved", "text": "已换灯头", "attested": "on", "photos": photo()}
    assert browse(handler).post(act(accepted_case, "resolve"), given).status_code == 302
    lines = accepted_case.timeline.filter(kind__in=[Kind.PHOTO_ADDED, Kind.RESOLVED]).order_by("pk")
    written = lines.annotate(within=RawSQL("incidents_timelineentry.xmin::text", []))
    (before, added_within), (after, resolved_within) = written.values_list("kind", "within")
    assert (before, after) == (Kind.PHOTO_ADDED, Kind.RESOLVED)
    assert added_within == resolved_within


def test_a_photo_that_is_elsewhere_by_now_keeps_the_case_unresolved(
    handler: Person, accepted_case: Incident
) -> None:
    kept = store_picture(photo(), at=TUESDAY, user=handler.user)
    stale = Attachment.objects.get(pk=kept.pk)
    told = {"outcome": "solved", "text": "已换灯头", "attested": True, "photos": [stale]}
    at = TUESDAY + timedelta(hours=1)
    actions.add_photo(
        number=file_report(external_id="another").number,
        attachment=kept,
        stage="after",
        actor=handler.actor,
        at=at,
    )
    with pytest.raises(InvalidInput) as refused:
        actions.resolve(number=accepted_case.number, actor=handler.actor, at=at, **told)
    assert (refused.value.field, refused.value.code) == ("photos", "used")
    assert reload(accepted_case).status == Status.HANDLING


@pytest.mark.parametrize(
    ("minutes", "offered"),
    [(3, ["0", "other"]), (12, ["0", "5", "10", "other"]), (40, ["0", "5", "10", "15", "30", "other"])],
)
def test_no_time_before_the_acceptance_is_offered_or_taken(
    browse: As, handler: Person, accepted_case: Incident, now: SetClock, minutes: int, offered: list[str]
) -> None:
    now.at = TUESDAY + timedelta(minutes=15 + minutes)  # accepted at a quarter past
    client, address = browse(handler), act(accepted_case, "resolve")
    assert [value for value, _words in client.get(address).context["form"].fields["ago"].choices] == offered
    told = {"outcome": "solved", "text": "已换灯头", "attested": "on", "ago": "30"}
    answer = client.post(address, told)
    if "30" in offered:
        assert answer.status_code == 302
    else:
        assert answer.status_code == 400
        assert answer.context["form"].errors.as_data()["ago"][0].code == "invalid_choice"
        assert reload(accepted_case).status == Status.HANDLING


def test_a_heic_photo_is_told_what_to_do(browse: As, handler: Person, accepted_case: Incident) -> None:
    heic = SimpleUploadedFile("a.heic", b"\0\0\0\x18ftypheic" + b"\0" * 40, "image/heic")
    refused = browse(handler).post(act(accepted_case, "photo"), {"stage": "before", "photos": heic})
    assert refused.status_code == 400
    assert "HEIC" in refused.content.decode()
    assert "JPEG" in refused.content.decode()


# --- paper ----------------------------------------------------------------------------------------


def test_a_case_is_taken_away_as_pdf_and_printed_by_whoever_may_see_it(
    browse: As, handler: Person, other_handler: Person, accepted_case: Incident
) -> None:
    client = browse(handler)
    pdf = client.get(reverse("case-pdf", args=[accepted_case.number]))
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert accepted_case.number in pdf["Content-Disposition"]
    assert "no-cache" in pdf["Cache-Control"]
    page = client.get(reverse("case-paper", args=[accepted_case.number]))
    assert "138****2207" in page.content.decode()
    assert "13812342207" not in page.content.decode()
    stranger = browse(other_handler)
    assert stranger.get(reverse("case-pdf", args=[accepted_case.number])).status_code == 404
    assert stranger.get(reverse("case-paper", args=[accepted_case.number])).status_code == 404
