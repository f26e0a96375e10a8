"""What everybody may read and see: masked by rule, and released by a person; taken back whole."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image, ImageDraw

from accounts.roles import Role
from incidents import actions, covering, releasing
from incidents.attachments import store_picture
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Attachment, Incident, PublicPhoto, PublicWords, Report, Text
from incidents.public import CasesQuestion, PictureQuestion, PublicCase, published
from tests.cast import TUESDAY, Person, file_report, person, reload
from tests.incidents.api.conftest import Caller
from tests.incidents.resident.conftest import upload

pytestmark = pytest.mark.django_db

WORDS = "植物园路路灯坏了，车牌粤B12345挡着，我叫王小明，住3栋1204房，电话13812342207"


@pytest.fixture(autouse=True)
def media_folder(tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def tuesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.clock.now", lambda: TUESDAY)


def chequered() -> bytes:
    """A picture with something in every corner."""
    picture = Image.new("RGB", (1200, 900), "white")
    draw = ImageDraw.Draw(picture)
    for x in range(0, 1200, 20):
        draw.line((x, 0, x, 900), fill="black", width=6)
    body = io.BytesIO()
    picture.save(body, "JPEG", quality=95)
    return body.getvalue()


@pytest.fixture
def photo(db: None) -> Attachment:
    return store_picture(upload(chequered()), at=TUESDAY)


@pytest.fixture
def lamp(photo: Attachment) -> Incident:
    """With a unit: what waits on the desk is not public yet."""
    waits = file_report(joins="", text=WORDS, attachments=(photo.pk,))
    sends = person("sends", Role.DISPATCHER, "operations-centre")
    actions.dispatch(number=waits.number, item_code="0204-001", actor=sends.actor, at=TUESDAY)
    return reload(waits)


def told(incident: Incident) -> PublicCase:
    return published(CasesQuestion(numbers=(incident.number,)), at=TUESDAY).cases[0]


def release(incident: Incident, who: Person, text: str = "", photos: Any = None) -> Incident:
    return actions.publish(
        number=incident.number, text=text, photos=photos or {}, actor=who.actor, at=TUESDAY
    )


def test_nothing_is_shown_until_somebody_has_looked(lamp: Incident, photo: Attachment) -> None:
    assert (told(lamp).words, told(lamp).photos) == ("", ())
    assert published(PictureQuestion(photo.pk), at=TUESDAY) is None


def test_the_rule_masks_whatever_a_person_leaves_in(lamp: Incident, operator: Person) -> None:
    release(lamp, operator, WORDS)
    words = told(lamp).words
    assert words.startswith("植物园路路灯坏了")
    for secret in ("粤B12345", "王小明", "1204", "13812342207"):
        assert secret not in words
    # A person may take out more.
    release(lamp, operator, "路灯坏了")
    assert told(lamp).words == "路灯坏了"
    # What was released before is not kept.
    assert Text.objects.filter(body=words).count() == 0


def test_a_released_photo_is_a_copy_in_which_covered_tiles_are_one_colour(
    lamp: Incident, photo: Attachment, operator: Person
) -> None:
    release(lamp, operator, photos={photo.pk: [0, 13]})
    body = published(PictureQuestion(photo.pk), at=TUESDAY)
    assert body is not None
    shown = Image.open(io.BytesIO(body))
    assert shown.size == (1200, 900)
    assert not shown.getexif()
    spread = [high - low for low, high in shown.crop((10, 10, 90, 90)).convert("RGB").getextrema()]
    assert max(spread) < 30  # nothing of the lines is left
    assert max(high - low for low, high in shown.crop((210, 10, 290, 90)).convert("RGB").getextrema()) > 200
    assert [one.id for one in told(lamp).photos] == [photo.pk]
    answer = Client().get(f"/public/photos/{photo.pk}.jpg")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")


def test_withholding_takes_everything_back_from_everywhere(
    lamp: Incident, photo: Attachment, operator: Person, django_capture_on_commit_callbacks: Any
) -> None:
    release(lamp, operator, WORDS, {photo.pk: []})
    kept = PublicPhoto.objects.get()
    path = kept.file.path
    with django_capture_on_commit_callbacks(execute=True):
        actions.withhold(number=lamp.number, actor=operator.actor, at=TUESDAY)
    assert (told(lamp).words, told(lamp).photos) == ("", ())
    assert Client().get(f"/public/photos/{photo.pk}.jpg").status_code == 404
    assert not Path(path).exists()
    kinds = list(lamp.timeline.order_by("pk").values_list("kind", flat=True))
    assert kinds[-2:] == ["released_to_public", "withheld"]


def test_an_erased_text_is_gone_here_too(lamp: Incident, operator: Person) -> None:
    release(lamp, operator, "路灯坏了")
    Text.objects.filter(pk=lamp.text_id).update(erased_at=TUESDAY)
    assert told(lamp).words == ""


def test_a_case_that_stops_being_public_takes_its_photo_along(
    lamp: Incident, photo: Attachment, operator: Person
) -> None:
    release(lamp, operator, photos={photo.pk: []})
    Incident.objects.filter(pk=lamp.pk).update(nature="tip_off")
    assert published(PictureQuestion(photo.pk), at=TUESDAY) is None
    with pytest.raises(ActionRefused) as refused:
        release(lamp, operator, "x")
    assert refused.value.code == "not_public"


@pytest.fixture
def upstairs(lamp: Incident, photo: Attachment, operator: Person) -> Incident:
    """Another report joined the lamp's case; its photo was released with it; then it was split off."""
    flat = store_picture(upload(chequered()), at=TUESDAY)
    joined = file_report(joins=lamp.number, text="楼上邻居吵", attachments=(flat.pk,))
    assert joined.pk == lamp.pk
    release(lamp, operator, "路灯坏了", {photo.pk: (), flat.pk: ()})
    report = Report.objects.get(attachments=flat)
    return actions.split(number=lamp.number, reports=[report.pk], actor=operator.actor, at=TUESDAY)


def test_a_photo_that_leaves_with_its_report_is_not_shown_and_can_be_taken_back_from_either_case(
    upstairs: Incident, lamp: Incident, photo: Attachment, operator: Person
) -> None:
    (flat,) = releasing.pictures(upstairs)
    assert [one.id for one in told(lamp).photos] == [photo.pk]
    assert published(PictureQuestion(flat.pk), at=TUESDAY) is None
    assert published(PictureQuestion(photo.pk), at=TUESDAY)
    assert PublicPhoto.objects.get(attachment=flat).file
    actions.withhold(number=lamp.number, actor=operator.actor, at=TUESDAY)
    assert not PublicPhoto.objects.exclude(file="").exists()
    # The other case is decided on by itself.
    Incident.objects.filter(pk=upstairs.pk).update(
        category="0204", nature="complaint", in_district=True, first_dispatched_at=TUESDAY
    )
    assert upstairs in releasing.waiting(Incident.objects.all(), at=TUESDAY)
    release(upstairs, operator, photos={flat.pk: ()})
    assert [one.id for one in told(upstairs).photos] == [flat.pk]
    actions.withhold(number=lamp.number, actor=operator.actor, at=TUESDAY)
    assert [one.id for one in told(upstairs).photos] == [flat.pk]


def test_what_was_released_can_be_withheld_whatever_the_case_is_about_now(
    upstairs: Incident, operator: Person, client: Client
) -> None:
    Incident.objects.filter(pk=upstairs.pk).update(category="0604")
    (flat,) = releasing.pictures(upstairs)
    client.force_login(operator.user, backend="django.contrib.auth.backends.ModelBackend")
    page = reverse("release-case", args=[upstairs.number])
    # Its words stand on its own page, under the reader's name.
    assert "楼上邻居吵" not in client.get(page).content.decode()
    assert client.post(page, {"act": "withhold"}).status_code == 302
    assert not PublicPhoto.objects.get(attachment=flat).file
    with pytest.raises(ActionRefused) as refused:
        release(upstairs, operator, "x")
    assert refused.value.code == "not_public"


def test_a_photo_comes_back_to_be_looked_at_where_its_case_was_merged(
    lamp: Incident, photo: Attachment, operator: Person, dispatcher: Person
) -> None:
    other = file_report(joins="")
    release(other, operator, "路灯坏了")
    release(lamp, operator, "路灯坏了", {photo.pk: ()})
    actions.merge(number=lamp.number, into=other.number, actor=dispatcher.actor, at=TUESDAY)
    assert (told(lamp).photos, told(other).photos) == ((), ())
    assert list(releasing.waiting(Incident.objects.all(), at=TUESDAY)) == [other]
    release(other, operator, "路灯坏了", {photo.pk: ()})
    assert [one.id for one in told(other).photos] == [photo.pk]
    assert list(releasing.waiting(Incident.objects.all(), at=TUESDAY)) == []
    actions.unmerge(number=lamp.number, actor=dispatcher.actor, at=TUESDAY)
    assert (told(lamp).photos, told(other).photos) == ((), ())


@pytest.mark.django_db(transaction=True)
def test_copies_go_to_the_storage_before_the_case_is_locked_and_not_for_nothing(
    lamp: Incident,
    photo: Attachment,
    operator: Person,
    handler: Person,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    locked: list[bool] = []
    save = FileSystemStorage._save

    def noticed(self: FileSystemStorage, name: str, content: Any) -> str:
        locked.append(connection.in_atomic_block)
        return str(save(self, name, content))

    monkeypatch.setattr(FileSystemStorage, "_save", noticed)
    other = store_picture(upload(chequered()), at=TUESDAY)
    locked.clear()
    with pytest.raises(ActionRefused):
        release(lamp, handler, photos={photo.pk: ()})
    with pytest.raises(InvalidInput):
        release(lamp, operator, photos={photo.pk: (), other.pk: ()})
    assert locked == []
    # What is refused under the lock leaves no copy.
    with pytest.raises(ActionRefused):
        actions.publish(
            number=lamp.number,
            text="",
            photos={photo.pk: ()},
            actor=operator.actor,
            at=TUESDAY,
            seen_version=lamp.version + 1,
        )
    assert [path for path in (tmp_path / "public").rglob("*") if path.is_file()] == []
    release(lamp, operator, photos={photo.pk: ()})
    assert locked == [False, False]
    assert [one.id for one in told(lamp).photos] == [photo.pk]


def test_only_the_cases_own_pictures_and_real_tiles(lamp: Incident, operator: Person) -> None:
    other = store_picture(upload(chequered()), at=TUESDAY)
    own = lamp.links.get().report.attachments.get()
    for photos in ({other.pk: []}, {uuid4(): []}, {own.pk: [covering.TILES]}):
        with pytest.raises(InvalidInput):
            release(lamp, operator, photos=photos)
    assert PublicWords.objects.count() == 0


def test_the_centre_decides_and_not_who_handles_it(
    lamp: Incident, handler: Person, supervisor: Person
) -> None:
    with pytest.raises(ActionRefused):
        release(lamp, handler, "路灯坏了")
    assert release(lamp, supervisor, "路灯坏了").number == lamp.number


class TestQueue:
    def test_it_has_public_cases_that_nobody_has_decided_on_the_closed_ones_first(
        self, operator: Person
    ) -> None:
        open_one, closed = file_report(joins=""), file_report(joins="")
        file_report(joins="", nature="tip_off")
        Incident.objects.filter(pk=closed.pk).update(status="closed", closed_at=TUESDAY)
        old = file_report(joins="", at=TUESDAY - timedelta(days=40))
        waiting = list(releasing.waiting(Incident.objects.all(), at=TUESDAY))
        assert waiting == [closed, open_one]
        assert old not in waiting
        release(closed, operator, "路灯坏了")
        assert list(releasing.waiting(Incident.objects.all(), at=TUESDAY)) == [open_one]
        # A photo that came afterwards brings it back.
        late = store_picture(upload(chequered()), at=TUESDAY)
        Attachment.objects.filter(pk=late.pk).update(incident=closed, stage="after")
        assert closed in releasing.waiting(Incident.objects.all(), at=TUESDAY)

    def test_its_pages_lead_from_one_case_to_the_next(
        self, client: Client, lamp: Incident, photo: Attachment, operator: Person
    ) -> None:
        after = file_report(joins="")
        client.force_login(operator.user, backend="django.contrib.auth.backends.ModelBackend")
        page = client.get(reverse("release"))
        assert reverse("release-case", args=[lamp.number]) in page.content.decode()
        asked = client.get(reverse("release-case", args=[lamp.number]))
        assert "13812342207" not in asked.context["text"]
        form = {"text": asked.context["text"], "show": str(photo.pk), f"cover-{photo.pk}": ["3", "4"]}
        done = client.post(
            reverse("release-case", args=[lamp.number]),
            {**form, "act": "publish", "version": asked.context["incident"].version},
        )
        assert done["Location"] == reverse("release-case", args=[after.number])
        assert PublicPhoto.objects.get().covered == [3, 4]
        stale = client.post(
            reverse("release-case", args=[lamp.number]), {**form, "act": "publish", "version": "1"}
        )
        assert stale.status_code == 409
        empty = client.post(reverse("release-case", args=[lamp.number]), {"act": "publish", "text": " "})
        assert (empty.status_code, 'role="alert"' in empty.content.decode()) == (400, True)
        kept = client.post(reverse("release-case", args=[after.number]), {"act": "withhold"})
        assert kept["Location"] == reverse("release")

    def test_what_is_typed_again_is_shown_before_it_goes_out_masked(
        self, client: Client, lamp: Incident, operator: Person
    ) -> None:
        client.force_login(operator.user, backend="django.contrib.auth.backends.ModelBackend")
        page = reverse("release-case", args=[lamp.number])
        typed = {"act": "publish", "text": "路灯坏了，邻居刘德华家住3栋502"}
        warned = client.post(page, typed)
        assert (warned.status_code, warned.context["found"]) == (400, ["3栋502", "刘德华"])
        assert told(lamp).words == ""
        shown = warned.context["text"]
        assert shown == "路灯坏了，邻居[姓名]家住[门牌]"
        # Other words are looked at anew.
        other = client.post(page, {"act": "publish", "text": "邻居刘德华", "masked": shown})
        assert (other.status_code, other.context["found"]) == (400, ["刘德华"])
        done = client.post(page, {"act": "publish", "text": shown, "masked": shown})
        assert done.status_code == 302
        assert told(lamp).words == shown

    def test_it_is_not_for_everybody(self, client: Client, lamp: Incident, handler: Person) -> None:
        client.force_login(handler.user, backend="django.contrib.auth.backends.ModelBackend")
        for url in (reverse("release"), reverse("release-case", args=[lamp.number])):
            assert client.get(url).status_code in (403, 404)

    def test_it_takes_as_many_queries_for_thirty_as_for_three(
        self, client: Client, operator: Person, django_assert_max_num_queries: Any
    ) -> None:
        client.force_login(operator.user, backend="django.contrib.auth.backends.ModelBackend")
        for _index in range(3):
            file_report(joins="")
        client.get(reverse("release"))
        with CaptureQueriesContext(connection) as few:
            client.get(reverse("release"))
        for _index in range(26):
            file_report(joins="")
        with django_assert_max_num_queries(len(few)):
            client.get(reverse("release"))


def test_the_same_by_rest(lamp: Incident, photo: Attachment, operator: Person) -> None:
    caller = Caller(user=operator.user)
    address = f"incidents/{lamp.number}/"
    done = caller.post(
        f"{address}publish/", {"text": "路灯坏了", "photos": [{"id": str(photo.pk), "covered": [1]}]}
    )
    assert done.status_code == 200, done.content
    assert (told(lamp).words, len(told(lamp).photos)) == ("路灯坏了", 1)
    assert caller.post(f"{address}publish/", {"photos": [{"id": "x"}]}).status_code == 400
    assert caller.post(f"{address}publish/", {"photos": [{"id": str(uuid4())}]}).status_code == 400
    assert caller.post(f"{address}withhold/").status_code == 200
    assert told(lamp).words == ""
