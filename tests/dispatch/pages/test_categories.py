"""Categories are named, and given a successor, in the browser and from a sheet; decisions follow at once."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.audit.rows import AuditEvent
from dispatch import edition, lists
from dispatch.facts import Guess
from dispatch.loading import DATA, load_categories
from dispatch.models import Category, CategoryChange, RegisterImport, ResponsibilityItem, ResponsibilityList
from dispatch.service import _in_use
from tests.browsers import As
from tests.cast import TUESDAY, Person, file_report
from tests.dispatch.versions import live_list, new_draft, refused

pytestmark = pytest.mark.django_db

State = RegisterImport.State


@pytest.fixture
def spare() -> Category:
    """A category that no item of the live list is of."""
    with connection.cursor() as cursor:  # the live list's items are nobody's to change
        cursor.execute("SET LOCAL session_replication_role = replica")
        ResponsibilityItem.objects.filter(category="0101").update(category="0102")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    edition.distrust()
    return Category.objects.get(code="0101")


def post(client: Client, code: str, **more: str):
    """Send the form as it was opened, with something else in it."""
    form = client.get(reverse("category", args=[code])).context["form"]
    told = {name: form[name].value() or "" for name in ("name_zh", "name_en", "scope_zh", "successor")}
    return {**told, "was": form["was"].value(), **more}


def test_a_category_is_named_and_never_over_somebody_else(browse: As, admin: Person) -> None:
    client, address = browse(admin), reverse("category", args=["0204"])
    told = post(client, "0204", name_zh="路灯与照明设施")
    assert client.post(address, told).status_code == 302
    assert client.post(address, told).status_code == 302  # twice the same button
    assert CategoryChange.objects.count() == 1
    assert edition.edition().names.categories["0204"][0] == "路灯与照明设施"
    late = client.post(address, {**told, "name_zh": "别的名称"})
    assert late.status_code == 400
    assert Category.objects.get(code="0204").name_zh == "路灯与照明设施"
    line = AuditEvent.objects.filter(what="category").get()
    assert (line.user_id, line.about) == (admin.user.pk, "0204")
    assert line.details["after"] == {"name_zh": "路灯与照明设施"}
    load_categories(DATA / "categories.csv")  # an upgrade does not name it back
    assert Category.objects.get(code="0204").name_zh == "路灯与照明设施"


def test_two_are_not_called_the_same(browse: As, admin: Person) -> None:
    """Sources name categories by their names, and people choose by them."""
    client, address = browse(admin), reverse("category", args=["0107"])
    for field in ("name_zh", "name_en"):
        taken = getattr(Category.objects.get(code="0204"), field)
        answer = client.post(address, post(client, "0107", **{field: taken}))
        assert answer.status_code == 400
        assert "0204" in str(answer.context["form"].errors[field])
    # A sheet is judged by its end: two may change their names.
    names = {one.code: one.name_zh for one in Category.objects.filter(code__in=("0107", "0204"))}
    swap = f"类别编码,名称\n0107,{names['0204']}\n0204,{names['0107']}\n"
    half = f"类别编码,名称\n0107,{names['0204']}\n"
    begin = reverse("register-import-begin", args=["categories"])
    for sheet, problems in ((swap, []), (half, ["name_zh"])):
        file = SimpleUploadedFile("c.csv", sheet.encode())
        run = client.post(begin, {"file": file}, follow=True).context["run"]
        assert [field for _row, _column, field, _told in run.problems] == problems


def test_one_that_the_live_list_needs_is_not_switched_off(browse: As, admin: Person) -> None:
    client = browse(admin)
    answer = client.post(reverse("category", args=["0204"]), post(client, "0204", successor="0203"))
    assert answer.status_code == 400
    assert "successor" in answer.context["form"].errors
    assert Category.objects.get(code="0204").ended_at is None


def test_a_version_without_it_comes_first_and_may_then_go_live(
    browse: As, admin: Person, steward: Person, chief_steward: Person
) -> None:
    client, address = browse(admin), reverse("category", args=["0101"])
    draft = new_draft(steward)
    told = post(client, "0101", successor="0102")
    assert client.post(address, told).status_code == 400  # a copy of the live list has its items, too
    ResponsibilityItem.objects.filter(list=draft, category="0101").delete()
    ResponsibilityList.objects.filter(pk=draft.pk).update(revision=draft.revision + 1)
    draft.refresh_from_db()
    refused("faulty", lambda: lists.propose(draft=draft, remark="", by=steward.user, at=TUESDAY))
    assert client.post(address, told).status_code == 302
    assert file_report(category="0101").category_id == "0102"  # before the version goes live
    proposed = lists.propose(draft=draft, remark="", by=steward.user, at=TUESDAY)
    lists.adopt(proposed=proposed, by=chief_steward.user, at=TUESDAY)
    assert live_list(TUESDAY).pk == draft.pk


def test_what_is_switched_off_leads_to_its_successor(browse: As, admin: Person, spare: Category) -> None:
    client = browse(admin)
    answer = client.post(reverse("category", args=["0101"]), post(client, "0101", successor="0102"))
    assert answer.status_code == 302
    now = edition.edition()
    assert now.moved == {"0101": "0102"}
    # A source that goes on sending the old code, and the classifier that has learnt it.
    assert file_report(category="0101").category_id == "0102"
    told = _in_use((Guess("0101", 0.5), Guess("0204", 0.3), Guess("0102", 0.2)), now)
    assert [(one.code, round(one.probability, 6)) for one in told] == [("0102", 0.7), ("0204", 0.3)]
    assert "0101" not in {one.code for one in Category.objects.in_use()}
    # Nobody begins anything new with it.
    named = client.post(reverse("source-name", args=["hotline"]), {"name": "垃圾", "category": "0101"})
    assert named.status_code == 400
    # And back again.
    assert (
        client.post(reverse("category", args=["0101"]), post(client, "0101", successor="")).status_code == 302
    )
    assert edition.edition().moved == {}


def test_a_sheet_goes_out_and_comes_in_again(browse: As, admin: Person, spare: Category) -> None:
    client = browse(admin)
    sheet = b"".join(client.get(reverse("categories-export")).streaming_content)  # type: ignore[arg-type]
    begin = reverse("register-import-begin", args=["categories"])
    page = client.post(begin, {"file": SimpleUploadedFile("c.csv", sheet)}, follow=True)
    assert page.context["run"].counts["kept"] == Category.objects.count()
    told = "类别编码,名称,状态,替代类别\n101,露天垃圾,停用,102\n0204,路灯与照明设施,,\n".encode()
    page = client.post(begin, {"file": SimpleUploadedFile("c.csv", told)}, follow=True)
    run = page.context["run"]
    assert (run.counts["changed"], run.counts["retired"], run.problems) == (2, 1, [])
    assert client.post(reverse("register-import-apply", args=[run.pk]), follow=True).status_code == 200
    done = Category.objects.get(code="0101")
    assert (done.name_zh, done.successor_id, done.ended_at is None) == ("露天垃圾", "0102", False)
    wrong = "类别编码,名称,状态,替代类别\n9999,没有,,\n0203,x,停用,\n0202,x,,0202\n0201,x,,0101\n".encode()
    run = client.post(begin, {"file": SimpleUploadedFile("c.csv", wrong)}, follow=True).context["run"]
    assert [(row, field) for row, _column, field, _told in run.problems] == [
        (2, "code"),
        (3, "successor"),
        (4, "successor"),
        (5, "successor"),
    ]


def test_only_administrators_do(browse: As, steward: Person) -> None:
    client = browse(steward)
    for name, given in (("categories", []), ("category", ["0204"]), ("categories-export", [])):
        assert client.get(reverse(name, args=given)).status_code == 403
    assert client.get(reverse("register-import-begin", args=["categories"])).status_code == 403


def test_what_is_nowhere_is_told(browse: As, admin: Person) -> None:
    client = browse(admin)
    assert client.get(reverse("category", args=["9999"])).status_code == 404
    assert client.get(reverse("categories"), {"q": "没有的"}).status_code == 200
    assert client.get(reverse("categories"), {"state": "off"}).status_code == 200
    address = reverse("category", args=["0204"])
    for wrong in ({"name_zh": ""}, {"name_zh": "长" * 61}, {"was": "x"}, {"successor": "0204"}):
        assert client.post(address, post(client, "0204", **wrong)).status_code == 400


def test_the_history_is_only_added_to(admin: Person) -> None:
    CategoryChange.objects.create(category="0204", changed_by=admin.user, changed_at=TUESDAY)
    with pytest.raises(DatabaseError), transaction.atomic():
        CategoryChange.objects.all().delete()


def test_two_that_would_become_each_other_are_both_refused(browse: As, admin: Person) -> None:
    with connection.cursor() as cursor:  # no item of the live list is of either
        cursor.execute("SET LOCAL session_replication_role = replica")
        ResponsibilityItem.objects.filter(category__in=("0101", "0102")).update(category="0103")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    client = browse(admin)
    begin = reverse("register-import-begin", args=["categories"])
    told = "类别编码,名称,状态,替代类别\n0101,,停用,0102\n0102,,停用,0101\n".encode()
    run = client.post(begin, {"file": SimpleUploadedFile("c.csv", told)}, follow=True).context["run"]
    assert [(row, field) for row, _column, field, _told in run.problems] == [
        (2, "successor"),
        (3, "successor"),
    ]
    # The other way round is one that becomes the other while that one comes back.
    Category.objects.filter(pk="0101").update(successor="0102", ended_at=TUESDAY)
    told = "类别编码,名称,状态,替代类别\n0102,,停用,0101\n0101,,在用,\n".encode()
    run = client.post(begin, {"file": SimpleUploadedFile("c.csv", told)}, follow=True).context["run"]
    assert run.problems == []
    client.post(reverse("register-import-apply", args=[run.pk]))
    ends = dict(Category.objects.filter(pk__in=("0101", "0102")).values_list("pk", "successor"))
    assert ends == {"0101": None, "0102": "0101"}


def test_a_preview_of_before_somebody_else_s_change_is_not_written(browse: As, admin: Person) -> None:
    client = browse(admin)
    begin = reverse("register-import-begin", args=["categories"])
    told = "类别编码,名称\n0204,路灯与照明设施\n".encode()
    run = client.post(begin, {"file": SimpleUploadedFile("c.csv", told)}, follow=True).context["run"]
    client.post(reverse("category", args=["0204"]), post(client, "0204", name_zh="照明"))
    apply = reverse("register-import-apply", args=[run.pk])
    page = client.post(apply, follow=True, headers={"accept-language": "en"})
    assert page.context["run"].counts["is_other"]
    assert "<del>照明</del>" in page.content.decode()
    assert Category.objects.get(code="0204").name_zh == "照明"
    client.post(apply)
    assert Category.objects.get(code="0204").name_zh == "路灯与照明设施"


def test_an_api_client_is_told_which_are_in_use(
    browse: As, admin: Person, operator: Person, spare: Category
) -> None:
    client = browse(admin)
    client.post(reverse("category", args=["0101"]), post(client, "0101", successor="0102"))
    told = browse(operator).get("/api/v1/categories/").json()["results"]
    found = {one["code"]: (one["in_use"], one["successor"]) for one in told}
    assert (found["0101"], found["0102"]) == ((False, "0102"), (True, None))
