"""Keeping the answers: somebody of the owning unit writes, somebody else at the centre approves.

What is in use stays in use until its next wording is approved, or until it is taken out or expires.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User
from accounts.roles import Role
from accounts.viewer import Reach, viewer_of
from dispatch.models import Category
from incidents import cases
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Article, ArticleEdition, ArticleUse, Incident
from incidents.numbers import district_day
from incidents.searching.grams import grams

TITLE_MAX, QUESTIONS_MAX, BASIS_MAX = 80, 1_000, 200
# An answer that nobody has looked at for longer is a rumour.
LONGEST = timedelta(days=366)

WRITERS = (Role.HANDLER, Role.LEADER, Role.SUPERVISOR, Role.DISPATCHER)
REVIEWERS = (Role.SUPERVISOR, Role.DISPATCHER)


@dataclass(frozen=True, slots=True)
class Wording:
    """What an article is to say."""

    title: str
    answer: str
    valid_until: date
    questions: str = ""
    basis: str = ""


def may_write(user: User, unit: OrgUnit) -> bool:
    """People of the unit keep its answers, or of one above it; the district's centre keeps everybody's."""
    return any(
        grant.reach == Reach.DISTRICT or grant.covers(unit) for grant in viewer_of(user).with_roles(*WRITERS)
    )


def may_review(user: User) -> bool:
    """The district's centre approves what callers are told in its name."""
    return any(grant.reach == Reach.DISTRICT for grant in viewer_of(user).with_roles(*REVIEWERS))


@transaction.atomic(durable=True)
def write_article(
    *,
    wording: Wording,
    owner_unit: str,
    category: str = "",
    pk: int | None = None,
    seen_number: int | None = None,
    actor: Actor,
    at: datetime,
) -> ArticleEdition:
    """Write a new article, or another wording of article `pk`; it waits for its review. One's own that
    still waits is written over. `seen_number` is the edition that was looked at (0 for none).

    Raises InvalidInput, or ActionRefused where somebody else's wording waits or has come meanwhile.
    """
    user = _user(actor)
    unit = OrgUnit.objects.open().filter(pk=owner_unit).first()
    if unit is None:
        raise InvalidInput("owner_unit", "unknown", _("There is no such unit."))
    if not may_write(user, unit):
        raise ActionRefused("not_allowed", _("Only the unit that owns an answer keeps it, or the centre."))
    if category and not Category.objects.filter(pk=category).exists():
        raise InvalidInput("category", "unknown", _("There is no such category."))
    wording = _checked(wording, at=at)
    if pk is None:
        article = Article.objects.create(
            owner_unit=unit, category_id=category or None, title=wording.title, created_at=at
        )
        last = None
    else:
        article = _hold(pk)
        if not may_write(user, article.owner_unit):
            raise ActionRefused(
                "not_allowed", _("Only the unit that owns an answer keeps it, or the centre.")
            )
        _refuse_retired(article)
        last = article.editions.order_by("number").last()
        if seen_number is not None and seen_number != (last.number if last else 0):
            raise ActionRefused("stale", _("Somebody has written another wording meanwhile. Look again."))
        article.owner_unit, article.category_id = unit, category or None
        if article.current_id is None:
            article.title = wording.title
        article.save(update_fields=["owner_unit", "category", "title"])
    if last is not None and last.verdict == ArticleEdition.Verdict.WAITING:
        if last.written_by_id != user.pk:
            raise ActionRefused(
                "waiting", _("A wording by %(name)s waits for its review.") % {"name": last.written_by}
            )
        last.delete()  # and its number with it: a review of what it said is refused
    return ArticleEdition.objects.create(
        article=article,
        number=last.number + 1 if last else 1,
        title=wording.title,
        questions=wording.questions,
        answer=wording.answer,
        basis=wording.basis,
        valid_until=wording.valid_until,
        written_by=user,
        written_at=at,
    )


@transaction.atomic(durable=True)
def review_article(
    *, pk: int, number: int, approved: bool, remark: str = "", actor: Actor, at: datetime
) -> Article:
    """Approve a wording, which is in use from then on, or send it back with a remark."""
    user = _user(actor)
    if not may_review(user):
        raise ActionRefused("not_allowed", _("The district's centre reviews answers."))
    article = _hold(pk)
    _refuse_retired(article)
    edition = article.editions.filter(verdict=ArticleEdition.Verdict.WAITING).first()
    if edition is None or edition.number != number:
        raise ActionRefused("stale", _("Somebody has written another wording meanwhile. Look again."))
    if edition.written_by_id == user.pk:
        raise ActionRefused("own_wording", _("Somebody else reviews what you have written."))
    if approved and edition.valid_until < district_day(at):
        raise ActionRefused("expired", _("It has expired while it waited: send it back."))
    kept = (cases.store_optional_text if approved else cases.store_text)(remark, at=at, field="remark")
    edition.verdict = ArticleEdition.Verdict.APPROVED if approved else ArticleEdition.Verdict.SENT_BACK
    edition.reviewed_by, edition.reviewed_at, edition.remark = user, at, kept
    edition.save()
    if approved:
        article.current = edition
        article.title, article.valid_until = edition.title, edition.valid_until
        head = grams(edition.title, edition.questions)
        article.head_grams = sorted(head)
        article.grams = sorted(head | grams(edition.answer))
        article.save()
    return article


@transaction.atomic(durable=True)
def retire_article(*, pk: int, reason: str, actor: Actor, at: datetime) -> Article:
    """Take an article out of use, for good."""
    user = _user(actor)
    article = _hold(pk)
    if not may_write(user, article.owner_unit):
        raise ActionRefused("not_allowed", _("Only the unit that owns an answer keeps it, or the centre."))
    _refuse_retired(article)
    article.retired_why = cases.store_text(reason, at=at, field="reason")
    article.retired_at, article.retired_by = at, user
    article.save(update_fields=["retired_at", "retired_by", "retired_why"])
    return article


def use(article_id: int, incident: Incident, *, actor: Actor, at: datetime) -> Article:
    """Note that a locked case is being answered with this article; raises InvalidInput where it has
    expired or was taken out of use since it was looked up."""
    article = Article.objects.filter(pk=article_id).select_related("current").first()
    if article is None or not article.is_offered(district_day(at)):
        raise InvalidInput(
            "article", "not_offered", _("This answer has expired or was taken out of use. Look it up again.")
        )
    assert article.current is not None
    ArticleUse.objects.update_or_create(
        incident=incident,
        defaults={
            "article": article,
            "edition": article.current,
            "used_at": at,
            "used_by": actor.user,
        },
    )
    return article


def unuse(incident: Incident, *, at: datetime) -> None:
    """The answer of `at` was taken back: no article was of use to anybody then."""
    ArticleUse.objects.filter(incident=incident, used_at=at).delete()


def _checked(wording: Wording, *, at: datetime) -> Wording:
    title, answer = wording.title.strip(), wording.answer.strip()
    questions = "\n".join(line for row in wording.questions.splitlines() if (line := row.strip()))
    basis = wording.basis.strip()
    for name, text, most, is_needed in (
        ("title", title, TITLE_MAX, True),
        ("answer", answer, cases.TEXT_MAX, True),
        ("questions", questions, QUESTIONS_MAX, False),
        ("basis", basis, BASIS_MAX, False),
    ):
        if is_needed:
            cases.required(text, field=name)
        if len(text) > most:
            raise InvalidInput(name, "max_length", _("At most %(max)d characters.") % {"max": most})
        if "\x00" in text:
            raise InvalidInput(name, "null_characters", _("NUL characters are not text."))
    today = district_day(at)
    if not today <= wording.valid_until <= today + LONGEST:
        raise InvalidInput("valid_until", "range", _("Between today and a year from now."))
    return Wording(title, answer, wording.valid_until, questions, basis)


def _hold(pk: int) -> Article:
    article = (
        Article.objects.filter(pk=pk)
        .select_related("owner_unit")
        .select_for_update(of=("self",), no_key=True)
        .first()
    )
    if article is None:
        raise ActionRefused("not_found", _("There is no such article."))
    return article


def _refuse_retired(article: Article) -> None:
    if article.retired_at is not None:
        raise ActionRefused("retired", _("This article was taken out of use."))


def _user(actor: Actor) -> User:
    assert actor.user is not None  # articles are people's work
    return actor.user
