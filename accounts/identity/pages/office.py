"""Sign-ins of everybody, for who answers for security: seen, ended, unlocked, reset."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.access import person, staff
from accounts.identity import factors, history, locks, sessions
from accounts.identity.forms import LinkForm, ResetForm
from accounts.identity.pages.lines import lines_of, sign_ins_of
from accounts.identity.provider import asking, linking
from accounts.identity.provider.rows import ProviderLink
from accounts.identity.rows import FAILURES, SecondFactor, SignInEvent
from accounts.identity.rules import SECURITY_ROLES, strictest_of
from accounts.identity.where import where_of
from accounts.models import Membership, User
from accounts.roles import Role
from accounts.viewer import viewer_of

ROWS, HISTORY_SHOWN, FAILURES_SHOWN = 50, 50, 20
SEARCH_MOST = 40


@require_GET
@staff(*SECURITY_ROLES)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody with a role: who is locked, who has a second factor, who was here last."""
    at = timezone.now()
    words = request.GET.get("q", "").replace("\x00", "").strip()[:SEARCH_MOST]
    locked = locks.locked_names(at)
    found = (
        User.objects.filter(is_active=True, memberships__isnull=False)
        .distinct()
        .select_related("second_factor")
        .prefetch_related("memberships")
        .annotate(last_in=Max("staff_sessions__started_at"))
    )
    if words:
        found = found.filter(Q(username__icontains=words) | Q(display_name__icontains=words))
    only_locked = "locked" in request.GET
    if only_locked:
        found = found.filter(Q(username__in=locked) | Q(second_factor__closed_until__gt=at))
    page = Paginator(found.order_by("username"), ROWS).get_page(request.GET.get("page"))
    failed = SignInEvent.objects.filter(kind__in=FAILURES).select_related("user", "actor")[:FAILURES_SHOWN]
    context = {
        "page": page,
        "rows": [_row(user, locked, at) for user in page],
        "words": words,
        "only_locked": only_locked,
        "may_see_installation": Role.ADMIN in viewer_of(request.user).roles,
        "failed": lines_of(failed),
    }
    return render(request, "accounts/sign_ins.html", context)


def _row(user: User, locked: set[str], at: datetime) -> dict[str, Any]:
    memberships = list(user.memberships.all())
    roles = frozenset(membership.role for membership in memberships)
    factor = getattr(user, "second_factor", None)
    closed_until = factor.closed_until if factor is not None else None
    return {
        "user": user,
        "roles": _(", ").join(dict.fromkeys(str(one.get_role_display()) for one in memberships)),
        "has_factor": factor is not None,
        "needs_factor": settings.STRICT_SIGN_IN and strictest_of(roles).second_factor,
        # By wrong passwords, or by wrong codes.
        "is_locked": user.username in locked or (closed_until is not None and closed_until > at),
        "last_in": user.last_in,  # type: ignore[attr-defined]  # annotated above
    }


@require_GET
@staff(*SECURITY_ROLES)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One person's sign-ins, history and what can be done about them."""
    return _person_page(request, get_object_or_404(User, pk=pk), ResetForm())


@require_POST
@staff(*SECURITY_ROLES)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign somebody out everywhere, at once."""
    user = get_object_or_404(User, pk=pk)
    at, where = timezone.now(), where_of(request)
    if user == person(request):
        # This one goes on: it is the one that says so.
        ended = sessions.end_others(user=user, but=request.session.session_key, at=at, where=where)
    else:
        ended = sessions.end_all(user=user, actor=person(request), at=at, where=where)
    text = ngettext("%(count)d sign-in ended.", "%(count)d sign-ins ended.", ended) % {"count": ended}
    messages.success(request, text if ended else _("Nobody was signed in."))
    return HttpResponseRedirect(reverse("sign-ins-of", args=[pk]))


@require_POST
@staff(*SECURITY_ROLES)
def unlock(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody try again who typed wrongly too often."""
    user = get_object_or_404(User, pk=pk)
    if user == person(request):
        # Whoever has taken over their open browser could guess for ever.
        messages.error(request, _("Another administrator unlocks you."))
        return HttpResponseRedirect(reverse("sign-ins-of", args=[pk]))
    if locks.unlock(user=user, actor=person(request), at=timezone.now(), where=where_of(request)):
        messages.success(request, _("Unlocked: they can try again at once."))
    else:
        messages.info(request, _("Nothing was locked."))
    return HttpResponseRedirect(reverse("sign-ins-of", args=[pk]))


@require_POST
@staff(*SECURITY_ROLES)
def reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the second factor away from somebody who has lost it; never one's own."""
    user = get_object_or_404(User, pk=pk)
    form = ResetForm(request.POST)
    if form.is_valid():
        try:
            factors.reset(
                user=user,
                actor=person(request),
                reason=form.cleaned_data["reason"],
                at=timezone.now(),
                where=where_of(request),
            )
        except factors.Refused as refusal:
            form.add_error("reason", str(refusal))
        else:
            messages.success(
                request, _("The second factor is reset. It stands in the history, with your name.")
            )
            return HttpResponseRedirect(reverse("sign-ins-of", args=[pk]))
    return _person_page(request, user, form)


@require_POST
@staff(*SECURITY_ROLES)
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """Say by which name somebody comes through the provider; never of oneself."""
    user = get_object_or_404(User, pk=pk)
    form = LinkForm(request.POST)
    if form.is_valid():
        try:
            linking.link(
                user=user,
                login_name=form.cleaned_data["login_name"],
                actor=person(request),
                at=timezone.now(),
                where=where_of(request),
            )
        except linking.Refused as refusal:
            form.add_error("login_name", str(refusal))
        else:
            messages.success(request, _("From now on they can come through the provider."))
            return HttpResponseRedirect(reverse("sign-ins-of", args=[pk]))
    return _person_page(request, user, ResetForm(), form)


@require_POST
@staff(*SECURITY_ROLES)
def unlink(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody comes through the provider no more and loses the roles by group; what runs of it is ended."""
    user = get_object_or_404(User, pk=pk)
    try:
        was_linked = linking.unlink(
            user=user, actor=person(request), at=timezone.now(), where=where_of(request)
        )
    except linking.Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("sign-ins-of", args=[pk]))
    if was_linked:
        messages.success(request, _("The link is taken away, with the roles that came by it."))
    else:
        messages.info(request, _("There was no link."))
    return HttpResponseRedirect(reverse("sign-ins-of", args=[pk]))


def _person_page(
    request: HttpRequest, user: User, form: ResetForm, link_form: LinkForm | None = None
) -> HttpResponse:
    at = timezone.now()
    memberships = list(user.memberships.select_related("unit"))
    found = ProviderLink.objects.filter(user=user, issuer=asking.issuer()).first()
    context = {
        "who": user,
        "memberships": memberships,
        "needs_factor": settings.STRICT_SIGN_IN
        and strictest_of(frozenset(membership.role for membership in memberships)).second_factor,
        "factor": SecondFactor.objects.filter(user=user).first(),
        "locked_until": locks.locked_until(user.get_username(), at),
        "closed_until": factors.closed_until(user, at),
        "sign_ins": sign_ins_of(user, at=at),
        "lines": lines_of(history.of_person(user)[:HISTORY_SHOWN]),
        "form": form,
        "is_self": user.pk == person(request).pk,
        "has_provider": asking.is_configured(),
        "link": found,
        "linking": link_form or LinkForm(),
        "link_themselves": linking.why_themselves(user),
        "roles_until": _roles_until(found, memberships),
    }
    wrong = bool(form.errors or (link_form and link_form.errors))
    return render(request, "accounts/sign_ins_of.html", context, status=400 if wrong else 200)


def _roles_until(link: ProviderLink | None, memberships: list[Membership]) -> datetime | None:
    """Until when the roles hold that groups gave; nothing where there are none, or nobody spoke of them."""
    if link is None or link.groups_at is None or not any(one.by_provider for one in memberships):
        return None
    until: datetime = link.groups_at + timedelta(hours=settings.OIDC_ROLES_HOURS)
    return until
