"""Writing an answer, approving it, taking it out of use."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import OrgUnit, User
from accounts.viewer import Reach, viewer_of
from config import clock
from dispatch.models import Category
from incidents import queries
from incidents.actor import Actor
from incidents.cases import TEXT_MAX
from incidents.errors import ActionRefused, InvalidInput
from incidents.knowledge import keeping
from incidents.models import Article
from incidents.numbers import district_day
from incidents.pages.access import READING_ROLES, person, staff
from incidents.pages.forms import text_area
from incidents.pages.knowledge import article_context, article_or_404
from incidents.pages.refusals import refused

_USUAL = timedelta(days=180)


class ArticleForm(forms.Form):
    """What an article is to say, whose it is and until when."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=keeping.TITLE_MAX,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        help_text=gettext_lazy("As people ask it."),
    )
    questions = forms.CharField(
        label=gettext_lazy("Other ways to ask it"),
        max_length=keeping.QUESTIONS_MAX,
        widget=text_area(3),
        required=False,
        help_text=gettext_lazy("One a line: the words by which it is found."),
    )
    answer = forms.CharField(
        label=gettext_lazy("Answer"),
        max_length=TEXT_MAX,
        widget=text_area(8),
        help_text=gettext_lazy("As it is read out and sent: whole sentences, places, hours, papers needed."),
    )
    basis = forms.CharField(
        label=gettext_lazy("What it rests on"),
        max_length=keeping.BASIS_MAX,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        help_text=gettext_lazy("The rule or the official page."),
    )
    owner_unit = forms.ModelChoiceField(
        OrgUnit.objects.none(),
        label=gettext_lazy("Owner"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    category = forms.ModelChoiceField(
        Category.objects.all(),
        label=gettext_lazy("Category"),
        required=False,
        empty_label="—",
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    valid_until = forms.DateField(
        label=gettext_lazy("Valid until"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"class": "form-control", "type": "date"}),
        help_text=gettext_lazy("At most a year. After that day it is not offered any more."),
    )
    seen_number = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units: Any = self.fields["owner_unit"]
        units.queryset = _units_of(user)

    def wording(self) -> keeping.Wording:
        """What was written."""
        names = ("title", "questions", "answer", "basis", "valid_until")
        return keeping.Wording(**{name: self.cleaned_data[name] for name in names})


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*READING_ROLES)
def write(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A new article, or another wording of one; it waits for its review then."""
    user, at = person(request), clock.now()
    found = article_or_404(pk) if pk is not None else None
    if not _may_open(user, found):
        raise PermissionDenied
    form = ArticleForm(request.POST or None, user=user, initial=_initial(found, user, district_day(at)))
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            given = form.cleaned_data
            try:
                edition = keeping.write_article(
                    wording=form.wording(),
                    owner_unit=given["owner_unit"].pk,
                    category=given["category"].pk if given["category"] else "",
                    pk=pk,
                    seen_number=given["seen_number"],
                    actor=_actor(user),
                    at=at,
                )
            except (InvalidInput, ActionRefused) as error:
                status = refused(form, error)
            else:
                messages.success(request, _("Written. Somebody at the centre reviews it now."))
                return HttpResponseRedirect(
                    f"{reverse('knowledge-article', args=[edition.article_id])}?done=1"
                )
    context = {"form": form, "article": found, "draft": f"article-{pk or 'new'}"}
    return render(request, "incidents/knowledge_edit.html", context, status=status)


@require_POST
@staff(*READING_ROLES)
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve the wording that waits, or send it back."""
    user, at = person(request), clock.now()
    found, approved = article_or_404(pk), request.POST.get("approved") == "yes"
    number = request.POST.get("number", "")
    try:
        keeping.review_article(
            pk=pk,
            number=int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0,
            approved=approved,
            remark=request.POST.get("remark", ""),
            actor=_actor(user),
            at=at,
        )
    except (InvalidInput, ActionRefused) as error:
        return _refused(request, found, user, error, what="review")
    messages.success(request, _("Approved: it is in use now.") if approved else _("Sent back."))
    return HttpResponseRedirect(reverse("knowledge-article", args=[pk]))


@require_POST
@staff(*READING_ROLES)
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an article out of use."""
    user, at = person(request), clock.now()
    found = article_or_404(pk)
    try:
        keeping.retire_article(pk=pk, reason=request.POST.get("reason", ""), actor=_actor(user), at=at)
    except (InvalidInput, ActionRefused) as error:
        return _refused(request, found, user, error, what="retire")
    messages.success(request, _("Taken out of use."))
    return HttpResponseRedirect(reverse("knowledge-article", args=[pk]))


def _refused(
    request: HttpRequest, found: Article, user: User, error: InvalidInput | ActionRefused, *, what: str
) -> HttpResponse:
    status = 400
    if isinstance(error, ActionRefused):
        if error.code == "not_found":
            raise Http404
        status = 403 if error.code == "not_allowed" else 409
    context = article_context(article_or_404(found.pk), user, request)
    context.update(refused=str(error), refused_at=what, said=request.POST)
    return render(request, "incidents/knowledge_article.html", context, status=status)


def _may_open(user: User, found: Article | None) -> bool:
    if found is None:
        return bool(viewer_of(user).with_roles(*keeping.WRITERS))
    return found.retired_at is None and keeping.may_write(user, found.owner_unit)


def _initial(found: Article | None, user: User, today: Any) -> dict[str, Any]:
    """The last wording; of a new article the writer's own unit, and half a year."""
    if found is None:
        home = viewer_of(user).home_unit
        return {"valid_until": today + _USUAL, "seen_number": 0, "owner_unit": home.pk if home else None}
    last = found.editions.order_by("number").last()
    given = {"owner_unit": found.owner_unit_id, "category": found.category_id, "seen_number": 0}
    if last is None:
        return given
    # What has ended, or soon will, is confirmed for another while by whoever opens this.
    valid_until = max(last.valid_until, today + _USUAL) if last.verdict else last.valid_until
    names = ("title", "questions", "answer", "basis")
    return {
        **given,
        **{name: getattr(last, name) for name in names},
        "valid_until": valid_until,
        "seen_number": last.number,
    }


def _units_of(user: User) -> Any:
    grants = viewer_of(user).with_roles(*keeping.WRITERS)
    if any(grant.reach == Reach.DISTRICT for grant in grants):
        return OrgUnit.objects.open()
    return OrgUnit.objects.open().filter(queries.units_of(grants))


def _actor(user: User) -> Actor:
    home = viewer_of(user).home_unit
    return Actor.person(user, home.pk if home else "")
