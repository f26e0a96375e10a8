"""知识库 as pages: read, written, approved, and put into an answer on the desk and on the case's own page."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from incidents.knowledge import keeping
from incidents.models import Article, ArticleEdition, ArticleUse
from tests.browsers import As
from tests.cast import TUESDAY, Person, person, reload
from tests.incidents.pages.conftest import SetClock

pytestmark = pytest.mark.django_db

TODAY = date(2026, 7, 7)


@pytest.fixture
def writer(db: None) -> Person:
    return person("writer", Role.HANDLER, "government-services", "许文")


def published(
    writer: Person, supervisor: Person, title: str = "居住证要带什么材料", days: int = 180
) -> Article:
    wording = keeping.Wording(title, "请带身份证原件和租赁凭证。", TODAY + timedelta(days=days))
    edition = keeping.write_article(wording=wording, owner_unit=writer.unit, actor=writer.actor, at=TUESDAY)
    return keeping.review_article(
        pk=edition.article_id, number=1, approved=True, actor=supervisor.actor, at=TUESDAY
    )


@pytest.fixture
def article(writer: Person, supervisor: Person) -> Article:
    return published(writer, supervisor)


def page(article: Article) -> str:
    return reverse("knowledge-article", args=[article.pk])


def told(**given: object) -> dict[str, object]:
    return {
        "title": "居住证怎么续签",
        "answer": "到社区窗口续签。",
        "owner_unit": "government-services",
        "valid_until": (TODAY + timedelta(days=90)).isoformat(),
        "seen_number": 0,
        **given,
    }


@pytest.mark.parametrize(
    ("who", "status"),
    [("operator", 200), ("handler", 200), ("leader", 200), ("steward", 200), ("admin", 403)],
)
def test_the_staff_reads_it(request, browse, article, who, status):
    client = browse(request.getfixturevalue(who))
    assert client.get(reverse("knowledge")).status_code == status
    assert client.get(page(article)).status_code == status


def test_from_the_first_word_to_being_offered(browse: As, writer, supervisor):
    made = browse(writer).post(reverse("knowledge-new"), told())
    article = Article.objects.get()
    assert made.url == f"{page(article)}?done=1"
    reviewer = browse(supervisor)
    assert reviewer.get(page(article)).context["can_review"]
    answer = {"approved": "yes", "number": 1}
    assert reviewer.post(reverse("knowledge-review", args=[article.pk]), answer).status_code == 302
    found = browse(writer).get(reverse("knowledge"), {"q": "续签"})
    assert [row["article"] for row in found.context["rows"]] == [article]


def test_what_was_typed_stays_where_it_is_refused(browse: As, writer):
    refused = browse(writer).post(reverse("knowledge-new"), told(valid_until="2030-01-01"))
    assert refused.status_code == 400
    assert "valid_until" in refused.context["form"].errors
    assert refused.context["form"]["answer"].value() == "到社区窗口续签。"


def test_a_unit_writes_its_own_answers_only(browse: As, handler, article):
    client = browse(handler)
    assert client.get(reverse("knowledge-edit", args=[article.pk])).status_code == 403
    assert client.post(reverse("knowledge-new"), told()).status_code == 400  # no such choice for them
    assert not client.get(page(article)).context["can_write"]
    assert client.post(reverse("knowledge-retire", args=[article.pk]), {"reason": "x"}).status_code == 403


def test_two_tabs_do_not_write_over_each_other(browse: As, writer, supervisor, article):
    client = browse(writer)
    form = client.get(reverse("knowledge-edit", args=[article.pk])).context["form"]
    assert (form["seen_number"].value(), form["answer"].value()) == (1, article.current.answer)
    edit = reverse("knowledge-edit", args=[article.pk])
    assert client.post(edit, told(seen_number=1)).status_code == 302
    assert client.post(edit, told(seen_number=1)).status_code == 409
    assert ArticleEdition.objects.count() == 2


def test_who_wrote_it_is_not_asked_to_approve_it(browse: As, supervisor):
    browse(supervisor).post(reverse("knowledge-new"), told())
    article = Article.objects.get()
    assert not browse(supervisor).get(page(article)).context["can_review"]
    refused = browse(supervisor).post(
        reverse("knowledge-review", args=[article.pk]), {"approved": "yes", "number": 1}
    )
    assert refused.status_code == 409


def test_sending_back_without_a_word_is_refused_where_it_was_pressed(browse: As, writer, supervisor):
    browse(writer).post(reverse("knowledge-new"), told())
    article = Article.objects.get()
    client = browse(supervisor)
    address = reverse("knowledge-review", args=[article.pk])
    assert client.post(address, {"approved": "no", "number": 1}).status_code == 400
    assert client.post(address, {"approved": "no", "number": 1, "remark": "缺时限"}).status_code == 302


def test_the_tabs_count_what_stands_behind_them(browse: As, writer, supervisor, now: SetClock):
    published(writer, supervisor, "甲", days=200)
    published(writer, supervisor, "乙", days=10)
    published(writer, supervisor, "丙", days=0)
    browse(writer).post(reverse("knowledge-new"), told())
    now.at = TUESDAY + timedelta(days=1)
    client = browse(writer)
    shown = client.get(reverse("knowledge"))
    counts = {tab["key"]: tab["count"] for tab in shown.context["tabs"]}
    assert counts == {"": 2, "ending": 1, "expired": 1, "waiting": 1, "mine": 4}
    for key, count in counts.items():
        rows = client.get(reverse("knowledge"), {"tab": key}).context["rows"]
        assert len(rows) == count, key


def test_the_list_takes_as_many_queries_for_thirty_as_for_three(browse: As, writer, supervisor):
    client, made = browse(writer), []
    for count in (3, 30):
        for index in range(Article.objects.count(), count):
            published(writer, supervisor, f"第{index}个居住证问题")
        for query in ({}, {"q": "居住证"}):
            client.get(reverse("knowledge"), query)
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("knowledge"), query)
            made.append(len(queries))
    assert made[:2] == made[2:]
    assert max(made) <= 14


def test_beside_an_enquiry_stands_what_may_answer_it(browse: As, operator, article, enquiry_case):
    client = browse(operator)
    picks = reverse("knowledge-picks", args=[enquiry_case.number])
    found = client.get(picks)
    assert found.context["finds"].offered == [article]
    assert f"?article={article.pk}" in found.content.decode()
    assert f"article={article.pk}" not in client.get(picks, {"use": "no"}).content.decode()
    assert not client.get(picks, {"q": "天文台"}).context["finds"]
    assert picks in client.get(reverse("desk-case", args=[enquiry_case.number])).content.decode()


def test_nobody_looks_beside_a_case_that_is_not_theirs_to_see(browse: As, other_handler, enquiry_case):
    refused = browse(other_handler).get(reverse("knowledge-picks", args=[enquiry_case.number]))
    assert refused.status_code == 404


def test_without_a_script_the_link_fills_the_form_and_the_answer_keeps_the_article(
    browse: As, operator, article, enquiry_case
):
    client = browse(operator)
    address = reverse("case-act", args=[enquiry_case.number, "answer"])
    form = client.get(address, {"article": article.pk}).context["form"]
    assert form["text"].value() == article.current.answer
    done = client.post(address, {"text": form["text"].value(), "article": form["article"].value()})
    assert done.status_code == 302
    assert reload(enquiry_case).status == "closed"
    assert ArticleUse.objects.get().article == article


def test_an_expired_article_fills_nothing_and_answers_nothing(
    browse: As, operator, article, enquiry_case, now: SetClock
):
    now.at = TUESDAY + timedelta(days=200)
    client = browse(operator)
    address = reverse("case-act", args=[enquiry_case.number, "answer"])
    assert client.get(address, {"article": article.pk}).context["form"]["text"].value() is None
    refused = client.post(address, {"text": "照旧", "article": article.pk})
    assert refused.status_code == 400
    assert "article" in refused.context["form"].errors
    picks = client.get(reverse("knowledge-picks", args=[enquiry_case.number]), {"q": "居住证"})
    assert (picks.context["finds"].offered, picks.context["finds"].expired) == ([], [article])


@pytest.mark.parametrize("given", ["x", "9" * 30, "-1", ""])
def test_an_article_that_is_none_fills_nothing(browse: As, operator, enquiry_case, given):
    shown = browse(operator).get(
        reverse("case-act", args=[enquiry_case.number, "answer"]), {"article": given}
    )
    assert shown.status_code == 200
    assert shown.context["form"]["text"].value() is None


def test_taking_it_out_of_use_asks_why(browse: As, writer, article):
    client = browse(writer)
    address = reverse("knowledge-retire", args=[article.pk])
    assert client.post(address, {"reason": " "}).status_code == 400
    assert client.post(address, {"reason": "政策废止"}).status_code == 302
    assert client.get(page(article)).context["article"].retired_at is not None
