"""知识库: answers have an owner, another person's approval and an end; the question's words find them."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from incidents import actions
from incidents.errors import ActionRefused, InvalidInput
from incidents.knowledge import finding, keeping
from incidents.models import Article, ArticleEdition, ArticleUse, Incident
from tests.cast import LAMP_UNIT, TUESDAY, Person, file_report, person, reload

pytestmark = pytest.mark.django_db

TODAY = date(2026, 7, 7)
HOUR = timedelta(hours=1)


@pytest.fixture
def writer(db: None) -> Person:
    """Of the window that gives residence permits."""
    return person("writer", Role.HANDLER, "government-services", "许文")


def wording(title: str = "居住证办理需要哪些材料", **given: object) -> keeping.Wording:
    facts = {
        "title": title,
        "answer": "请带身份证原件和租赁凭证,到社区窗口或“i深圳”办理,15 个工作日出证。",
        "questions": "怎么办居住证\n暂住证在哪里办",
        "basis": "《深圳经济特区居住证条例》",
        "valid_until": TODAY + timedelta(days=180),
        **given,
    }
    return keeping.Wording(**facts)


def write(who: Person, *, text: keeping.Wording | None = None, **given: object) -> ArticleEdition:
    facts = {"owner_unit": who.unit, "actor": who.actor, "at": TUESDAY, **given}
    return keeping.write_article(wording=text or wording(), **facts)


def approve(edition: ArticleEdition, reviewer: Person, **given: object) -> Article:
    facts = {"approved": True, "actor": reviewer.actor, "at": TUESDAY, **given}
    return keeping.review_article(pk=edition.article_id, number=edition.number, **facts)


def published(writer: Person, reviewer: Person, title: str, **given: object) -> Article:
    return approve(write(writer, text=wording(title, **given)), reviewer)


def titles(articles: list[Article]) -> list[str]:
    return [one.title for one in articles]


# --- keeping ----------------------------------------------------------------------------------


def test_nothing_is_offered_before_somebody_else_has_approved_it(writer, supervisor):
    edition = write(writer)
    assert not finding.find("居住证", at=TUESDAY)
    approve(edition, supervisor)
    assert titles(finding.find("居住证", at=TUESDAY).offered) == ["居住证办理需要哪些材料"]


def test_nobody_approves_what_they_wrote(supervisor):
    edition = write(supervisor, owner_unit="government-services")
    with pytest.raises(ActionRefused) as refused:
        approve(edition, supervisor)
    assert refused.value.code == "own_wording"
    with pytest.raises(IntegrityError), transaction.atomic():  # the table holds it too
        ArticleEdition.objects.filter(pk=edition.pk).update(reviewed_by=supervisor.user)


def test_the_wording_in_use_stays_until_the_next_is_approved(writer, supervisor):
    article = published(writer, supervisor, "居住证办理需要哪些材料")
    second = write(writer, text=wording(answer="新的答复"), pk=article.pk, seen_number=1)
    assert Article.objects.get().current.number == 1
    approve(second, supervisor)
    assert Article.objects.get().current.answer == "新的答复"


def test_sent_back_says_why_and_leaves_what_is_in_use(writer, supervisor):
    article = published(writer, supervisor, "居住证办理需要哪些材料")
    second = write(writer, text=wording(answer="随便来"), pk=article.pk)
    with pytest.raises(InvalidInput) as refused:
        approve(second, supervisor, approved=False)
    assert refused.value.field == "remark"
    approve(second, supervisor, approved=False, remark="缺办理时限")
    assert Article.objects.get().current.number == 1
    assert ArticleEdition.objects.get(number=2).remark.body == "缺办理时限"


def test_ones_own_waiting_wording_is_written_over_and_nobody_elses(writer, supervisor):
    write(writer)
    article = Article.objects.get()
    write(writer, text=wording(answer="改正后的答复"), pk=article.pk)
    assert [one.answer for one in article.editions.all()] == ["改正后的答复"]
    colleague = person("colleague", Role.HANDLER, "government-services")
    with pytest.raises(ActionRefused) as refused:
        write(colleague, pk=article.pk)
    assert refused.value.code == "waiting"


def test_two_who_write_at_once_do_not_write_over_each_other(writer, supervisor):
    article = published(writer, supervisor, "居住证办理需要哪些材料")
    approve(write(writer, text=wording(answer="第二版"), pk=article.pk, seen_number=1), supervisor)
    with pytest.raises(ActionRefused) as refused:
        write(writer, text=wording(answer="第二版,另一人"), pk=article.pk, seen_number=1)
    assert refused.value.code == "stale"


def test_a_review_of_a_wording_that_was_changed_meanwhile_is_refused(writer, supervisor):
    first = write(writer)
    write(writer, text=wording(answer="改了"), pk=first.article_id)
    with pytest.raises(ActionRefused) as refused:
        approve(first, supervisor)
    assert refused.value.code == "stale"


@pytest.mark.parametrize("who", ["other_handler", "operator", "steward"])
def test_other_units_do_not_keep_an_answer(who, request, writer):
    stranger = request.getfixturevalue(who)
    with pytest.raises(ActionRefused) as refused:
        write(stranger, owner_unit=writer.unit)
    assert refused.value.code == "not_allowed"


@pytest.mark.parametrize("who", ["writer", "operator", "street_supervisor", "leader"])
def test_only_the_districts_centre_reviews(who, request, handler):
    edition = write(handler, owner_unit=LAMP_UNIT)
    with pytest.raises(ActionRefused) as refused:
        approve(edition, request.getfixturevalue(who))
    assert refused.value.code == "not_allowed"


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"title": "  "}, "title", "required"),
        ({"title": "问" * 81}, "title", "max_length"),
        ({"answer": ""}, "answer", "required"),
        ({"answer": "\x00"}, "answer", "null_characters"),
        ({"valid_until": TODAY - timedelta(days=1)}, "valid_until", "range"),
        ({"valid_until": TODAY + timedelta(days=367)}, "valid_until", "range"),
    ],
)
def test_what_an_article_may_not_say(writer, given, field, code):
    with pytest.raises(InvalidInput) as refused:
        write(writer, text=wording(**given))
    assert (refused.value.field, refused.value.code) == (field, code)
    assert not Article.objects.exists()


def test_an_answer_that_was_taken_back_was_of_use_to_nobody(writer, supervisor, operator, enquiry_case):
    article = published(writer, supervisor, "居住证办理需要哪些材料")
    said = {"number": enquiry_case.number, "actor": operator.actor, "at": TUESDAY}
    actions.answer(text=article.current.answer, article=article.pk, **said)
    assert article.uses.count() == 1
    actions.recall(**said)
    assert not article.uses.exists()


def test_taken_out_of_use_it_is_found_no_more_and_kept(writer, supervisor):
    article = published(writer, supervisor, "居住证办理需要哪些材料")
    keeping.retire_article(pk=article.pk, reason="政策废止", actor=writer.actor, at=TUESDAY)
    assert not finding.find("居住证", at=TUESDAY)
    assert article.editions.exists()
    with pytest.raises(ActionRefused) as refused:
        write(writer, pk=article.pk)
    assert refused.value.code == "retired"


# --- finding ----------------------------------------------------------------------------------


@pytest.fixture
def shelf(writer: Person, supervisor: Person) -> dict[str, Article]:
    told = {
        "居住证": ("居住证办理需要哪些材料", "怎么办居住证\n暂住证在哪里办"),
        "入学": ("小学一年级学位如何申请", "孩子上学\n积分入学"),
        "垃圾": ("大件垃圾怎么预约清运", "旧沙发扔哪里\n旧家具处理"),
        "停车": ("路边停车怎么收费", "路内泊位收费标准"),
        "噪音": ("夜间施工噪音如何投诉", "工地晚上施工"),
        "社保": ("社保卡丢了怎么补办", "医保卡补办"),
    }
    return {
        key: published(
            writer, supervisor, title, questions=asked, answer=f"关于{key}:请按指引办理,详询窗口。"
        )
        for key, (title, asked) in told.items()
    }


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("居住", "居住证"),
        ("学位", "入学"),
        ("旧沙发", "垃圾"),
        ("停车收费", "停车"),
        ("医保卡 补办", "社保"),
    ],
)
def test_two_characters_find_it(shelf, words, first):
    assert finding.find(words, at=TUESDAY).offered[0] == shelf[first]


def test_words_that_no_article_says_find_nothing(shelf):
    assert not finding.find("火星移民", at=TUESDAY)
    assert not finding.find("", at=TUESDAY)


def test_a_report_in_its_own_words_is_given_what_may_answer_it(shelf):
    said = "你好,我想问一下我家孩子今年九月要读小学一年级,学位要怎么申请,需要准备什么?谢谢"
    assert finding.suggest(said, at=TUESDAY).offered[0] == shelf["入学"]
    assert not finding.suggest("楼下有人打架,流了很多血,快派人来", at=TUESDAY)


def test_an_expired_answer_is_said_and_not_offered(writer, supervisor):
    published(writer, supervisor, "居住证办理需要哪些材料", valid_until=TODAY + timedelta(days=2))
    last_day, after = TUESDAY + timedelta(days=2), TUESDAY + timedelta(days=3)
    assert finding.find("居住证", at=last_day).offered
    found = finding.find("居住证", at=after)
    assert (found.offered, titles(found.expired)) == ([], ["居住证办理需要哪些材料"])


def test_finding_takes_two_queries_however_many_there_are(shelf):
    with CaptureQueriesContext(connection) as made:
        finding.find("怎么办理", at=TUESDAY)
    assert len(made) == 2


# --- answering --------------------------------------------------------------------------------


def answer(case: Incident, operator: Person, article: Article, **given: object) -> Incident:
    facts = {"text": article.current.answer, "at": TUESDAY + HOUR, **given}
    return actions.answer(number=case.number, article=article.pk, actor=operator.actor, **facts)


def test_an_answer_keeps_which_wording_it_was_given_with(writer, supervisor, enquiry_case, operator):
    article = published(writer, supervisor, "居住证办理需要哪些材料")
    answer(enquiry_case, operator, article)
    used = ArticleUse.objects.get(incident=enquiry_case)
    assert (used.edition, used.used_by) == (article.current, operator.user)
    assert enquiry_case.timeline.get(kind="answered").data["article"] == article.pk
    assert finding.uses_lately([article], at=TUESDAY + 2 * HOUR) == {article.pk: 1}
    assert finding.uses_lately([article], at=TUESDAY + timedelta(days=91)) == {}


def test_what_expired_since_it_was_looked_up_answers_nobody(writer, supervisor, enquiry_case, operator):
    article = published(writer, supervisor, "居住证办理需要哪些材料", valid_until=TODAY)
    with pytest.raises(InvalidInput) as refused:
        answer(enquiry_case, operator, article, at=TUESDAY + timedelta(days=1))
    assert (refused.value.field, refused.value.code) == ("article", "not_offered")
    assert reload(enquiry_case).status == "triage"


def test_a_second_enquiry_counts_as_a_second_use(writer, supervisor, enquiry_case, operator):
    article = published(writer, supervisor, "居住证办理需要哪些材料")
    other = file_report(nature="enquiry", text="居住证怎么续签", category=None, address="")
    for case in (enquiry_case, other):
        answer(case, operator, article)
    assert finding.uses_lately([article], at=TUESDAY + 2 * HOUR) == {article.pk: 2}
