"""知识库: the answers that may be given on the spot: looked up in a call, read, and watched for their end."""

from datetime import date, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.models import OrgUnit, User
from accounts.viewer import viewer_of
from config import clock
from incidents import policy, queries
from incidents.knowledge import finding, keeping
from incidents.models import Article, ArticleEdition, Incident
from incidents.numbers import district_day
from incidents.pages.access import READING_ROLES, case_or_404, person, staff

SHOWN = 30
FOUND_MOST = 20
WORDS_MAX = 200
# An owner is shown what ends within this, to look at it in time.
ENDING = timedelta(days=30)

TABS = (
    ("", gettext_lazy("In use")),
    ("ending", gettext_lazy("Ending soon")),
    ("expired", gettext_lazy("Expired")),
    ("waiting", gettext_lazy("To be reviewed")),
    ("mine", gettext_lazy("Of our unit")),
)
_STATES = {"ending": "warned", "expired": "overdue", "waiting": "primary"}


@require_GET
@staff(*READING_ROLES)
def knowledge(request: HttpRequest) -> HttpResponse:
    """The articles: by words, or a tab of them. With a case, what is found can answer it."""
    user, at = person(request), clock.now()
    day, words = district_day(at), request.GET.get("q", "").strip()[:WORDS_MAX]
    tab = next((key for key, _label in TABS if key == request.GET.get("tab")), "")
    counts = finding.counts(day, day + ENDING, own=_own(user))
    context: dict[str, Any] = {
        "at": at,
        "day": day,
        "q": words,
        "tab": tab,
        "tabs": [
            {
                "key": key,
                "label": label,
                "count": counts[key or "in_use"],
                "state": _STATES.get(key, "") if counts[key or "in_use"] else "",
            }
            for key, label in TABS
        ],
        "case": _case(request, user),
        "can_write": bool(viewer_of(user).with_roles(*keeping.WRITERS)),
    }
    if words:
        finds = finding.find(words, at=at, most=FOUND_MOST)
        context["rows"] = _rows([*finds.offered, *finds.expired], day, at=at)
        return render(request, "incidents/knowledge.html", context)
    page = Paginator(_of_tab(tab, user, day), SHOWN).get_page(request.GET.get("page"))
    context.update(page=page, rows=_rows(list(page), day, at=at))
    return render(request, "incidents/knowledge.html", context)


@require_GET
@staff(*READING_ROLES)
def article(request: HttpRequest, pk: int) -> HttpResponse:
    """One article: what it says, whose it is, until when, and how it came to say so."""
    context = article_context(article_or_404(pk), person(request), request)
    return render(request, "incidents/knowledge_article.html", context)


@require_GET
@staff(*READING_ROLES)
def picks(request: HttpRequest, number: str) -> HttpResponse:
    """What may answer this case, beside the form: by its own words, or by what is typed."""
    incident, at = case_or_404(request, number), clock.now()
    words = request.GET.get("q", "").strip()[:WORDS_MAX]
    finds = (
        finding.find(words, at=at, most=5) if words else finding.suggest(incident.text.body, at=at, most=3)
    )
    context = {
        "case": incident,
        "finds": finds,
        "q": words,
        "day": district_day(at),
        "where": "desk" if request.GET.get("from") == "desk" else "",
        "can_use": request.GET.get("use") != "no",
    }
    return render(request, "incidents/parts/knowledge_found.html", context)


def prefilled(request: HttpRequest) -> dict[str, Any]:
    """What an answer begins with where somebody came with an article: its words and its id."""
    pk = request.GET.get("article", "")
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return {}
    found = Article.objects.offered(district_day(clock.now())).filter(pk=pk).select_related("current").first()
    return {"article": found.pk, "text": found.current.answer} if found and found.current else {}


def article_or_404(pk: int) -> Article:
    """The article, or there is none."""
    found = (
        Article.objects.filter(pk=min(pk, 2**63 - 1))
        .select_related(
            "current__written_by",
            "current__reviewed_by",
            "owner_unit",
            "category",
            "retired_by",
            "retired_why",
        )
        .first()
    )
    if found is None:
        raise Http404
    return found


def article_context(found: Article, user: User, request: HttpRequest) -> dict[str, Any]:
    """What the article's page shows; its forms add to it."""
    at = clock.now()
    day = district_day(at)
    editions = list(
        found.editions.select_related("written_by", "reviewed_by", "remark").order_by("-number")[:20]
    )
    waiting = next((one for one in editions if one.verdict == ArticleEdition.Verdict.WAITING), None)
    return {
        "article": found,
        "day": day,
        "is_offered": found.is_offered(day),
        "is_expired": found.valid_until is not None and found.valid_until < day,
        "is_ending": found.is_offered(day)
        and found.valid_until is not None
        and found.valid_until <= day + ENDING,
        "editions": editions,
        "waiting": waiting,
        "uses": finding.uses_lately([found], at=at).get(found.pk, 0),
        "can_write": found.retired_at is None and keeping.may_write(user, found.owner_unit),
        "can_review": waiting is not None and keeping.may_review(user) and waiting.written_by_id != user.pk,
        "case": _case(request, user),
    }


def _of_tab(tab: str, user: User, day: date) -> QuerySet[Article]:
    waiting = ArticleEdition.objects.filter(article=OuterRef("pk"), verdict=ArticleEdition.Verdict.WAITING)
    articles = Article.objects.select_related("owner_unit", "current").annotate(is_waiting=Exists(waiting))
    if tab == "expired":
        chosen = articles.expired(day)
    elif tab == "ending":
        chosen = articles.ending(day, day + ENDING)
    elif tab == "waiting":
        chosen = articles.filter(is_waiting=True, retired_at__isnull=True)
    elif tab == "mine":
        chosen = articles.filter(_own(user), retired_at__isnull=True)
    else:
        chosen = articles.offered(day)
    return chosen.order_by(F("valid_until").asc(nulls_first=True), "pk")


def _own(user: User) -> Q:
    grants = viewer_of(user).with_roles(*keeping.WRITERS)
    return Q(owner_unit__in=OrgUnit.objects.filter(queries.units_of(grants))) if grants else Q(pk__in=[])


def _rows(articles: list[Article], day: date, *, at: Any) -> list[dict[str, Any]]:
    uses = finding.uses_lately(articles, at=at) if articles else {}
    return [
        {
            "article": one,
            "uses": uses.get(one.pk, 0),
            "is_offered": one.is_offered(day),
            "is_expired": one.valid_until is not None and one.valid_until < day,
            "is_ending": one.is_offered(day)
            and one.valid_until is not None
            and one.valid_until <= day + ENDING,
            "is_waiting": getattr(one, "is_waiting", False),
        }
        for one in articles
    ]


def _case(request: HttpRequest, user: User) -> Incident | None:
    """The case that somebody looks for an answer to."""
    number = request.GET.get("case", "")
    if not number:
        return None
    return Incident.objects.filter(policy.visible(user), number=number[:20]).first()
