"""People and their roles, for who answers for security: found, added, changed, switched off and on."""

from django.contrib import messages
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.identity.rules import SECURITY_ROLES
from accounts.identity.where import where_of
from accounts.models import DutyShift, Membership, OrgUnit, User
from accounts.people import keeping
from accounts.roles import Role
from accounts.viewer import viewer_of
from config import clock
from incidents.models import Incident
from incidents.pages.access import person, staff
from incidents.pages.people_forms import BecauseForm, MoveForm, PersonForm, RoleForm

ROWS = 50
WORDS_MOST = 40
STATES = ("on", "off", "none")


@require_GET
@staff(*SECURITY_ROLES)
def listed(request: HttpRequest) -> HttpResponse:
    """Everybody, by what the list is narrowed to."""
    asked = request.GET
    found = User.objects.prefetch_related("memberships__unit").order_by("username", "pk")
    if words := asked.get("q", "").replace("\x00", "").strip()[:WORDS_MOST]:
        found = found.filter(
            Q(username__icontains=words) | Q(display_name__icontains=words) | Q(phone__icontains=words)
        )
    chosen = Membership.objects.all()
    unit = OrgUnit.objects.filter(pk=asked.get("unit", "").replace("\x00", "")).first()
    if unit is not None:
        chosen = chosen.filter(unit__in=OrgUnit.objects.within(unit))
    role = asked.get("role", "")
    if role in Role.values:
        chosen = chosen.filter(role=role)
    if unit is not None or role in Role.values:
        found = found.filter(pk__in=chosen.values("user"))
    match asked.get("state", ""):
        case "on":
            found = found.filter(is_active=True)
        case "off":
            found = found.filter(is_active=False)
        case "new":  # a sheet brought them: a password is handed out, or they come through the provider
            unusable = Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
            found = found.filter(unusable, is_active=True, last_login__isnull=True)
        case "none":
            found = found.filter(memberships__isnull=True)
    page = Paginator(found, ROWS).get_page(asked.get("page"))
    context = {
        "page": page,
        "words": words,
        "unit": unit,
        "role": role,
        "state": asked.get("state", ""),
        "roles": Role.choices,
        "units": OrgUnit.objects.all(),
        "is_narrowed": any(asked.get(name) for name in ("q", "unit", "role", "state")),
        "may_see_installation": Role.ADMIN in viewer_of(request.user).roles,
    }
    return render(request, "people/list.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff(*SECURITY_ROLES)
def new(request: HttpRequest) -> HttpResponse:
    """A person and their first password, which is in this one answer and nowhere else."""
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user, password = keeping.add(terms=form.terms(), actor=person(request), at=timezone.now())
        except keeping.NotAllowed as error:
            raise PermissionDenied from error
        except keeping.NotTaken as error:
            _say(form, error)
        else:
            return render(
                request, "people/password.html", {"who": user, "password": password, "is_new": True}
            )
    return render(request, "people/new.html", {"form": form}, status=400 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff(*SECURITY_ROLES)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One person; what is posted here says anew who they are."""
    user = get_object_or_404(User, pk=pk)
    form = PersonForm(request.POST) if request.method == "POST" else None
    if form is not None and form.is_valid():
        try:
            changed = keeping.change(
                pk=pk, terms=form.terms(), seen=form.cleaned_data["seen"], actor=person(request)
            )
        except keeping.NotAllowed as error:
            raise PermissionDenied from error
        except keeping.NotTaken as error:
            _say(form, error)
        else:
            if changed:
                messages.success(request, _("Changed."))
            else:
                messages.info(request, _("Nothing was changed."))
            return _to(pk)
    return _page(request, user, form=form)


@require_POST
@staff(*SECURITY_ROLES)
def give(request: HttpRequest, pk: int) -> HttpResponse:
    """One more role."""
    user = get_object_or_404(User, pk=pk)
    form = RoleForm(request.POST)
    if form.is_valid():
        told = form.cleaned_data
        try:
            keeping.give(
                pk=pk, unit=told["unit"].pk, role=told["role"], reason=told["reason"], actor=person(request)
            )
        except keeping.NotAllowed as error:
            raise PermissionDenied from error
        except keeping.NotTaken as error:
            _say(form, error)
        else:
            messages.success(request, _("Given. It holds from their next page on."))
            return _to(pk)
    return _page(request, user, giving=form)


@require_POST
@staff(*SECURITY_ROLES)
def take(request: HttpRequest, pk: int, membership: int) -> HttpResponse:
    """One role less."""
    user = get_object_or_404(User, pk=pk)
    form = BecauseForm(request.POST)
    if not form.is_valid():
        return _page(request, user, wrong=_("Say why the role is taken."))
    try:
        gone = keeping.take(
            pk=pk, membership=membership, reason=form.cleaned_data["reason"], actor=person(request)
        )
    except keeping.NotAllowed as error:
        raise PermissionDenied from error
    except keeping.NotTaken as error:
        return _page(request, user, wrong=str(error))
    if gone:
        messages.success(request, _("Taken. It holds from their next page on."))
    else:
        messages.info(request, _("They did not have it any more."))
    return _to(pk)


@require_POST
@staff(*SECURITY_ROLES)
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Off at once, or on again."""
    user = get_object_or_404(User, pk=pk)
    form, on = BecauseForm(request.POST), request.POST.get("on") == "yes"
    if not form.is_valid():
        return _page(request, user, switching=form)
    try:
        keeping.switch(
            pk=pk,
            on=on,
            reason=form.cleaned_data["reason"],
            actor=person(request),
            at=timezone.now(),
            where=where_of(request),
        )
    except keeping.NotAllowed as error:
        raise PermissionDenied from error
    except keeping.NotTaken as error:
        return _page(request, user, wrong=str(error))
    if on:
        messages.success(request, _("%(name)s can sign in again.") % {"name": user})
    else:
        messages.success(request, _("%(name)s is switched off and signed out everywhere.") % {"name": user})
    return _to(pk)


@never_cache
@require_POST
@staff(*SECURITY_ROLES)
def password(request: HttpRequest, pk: int) -> HttpResponse:
    """A password to be handed out, in this one answer and nowhere else."""
    user = get_object_or_404(User, pk=pk)
    form = BecauseForm(request.POST)
    if not form.is_valid():
        return _page(request, user, handing=form)
    try:
        made = keeping.hand_out_password(
            pk=pk,
            reason=form.cleaned_data["reason"],
            actor=person(request),
            at=timezone.now(),
            where=where_of(request),
        )
    except keeping.NotAllowed as error:
        raise PermissionDenied from error
    except keeping.NotTaken as error:
        return _page(request, user, wrong=str(error))
    return render(request, "people/password.html", {"who": user, "password": made})


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*SECURITY_ROLES)
def move(request: HttpRequest, code: str) -> HttpResponse:
    """Everybody's roles of a unit that is merged, to the one that goes on."""
    unit = get_object_or_404(OrgUnit, pk=code.replace("\x00", ""))
    form = MoveForm(request.POST or None, unit=unit)
    left: list[str] = []
    if request.method == "POST" and form.is_valid():
        to = form.cleaned_data["to"]
        try:
            moved, left = keeping.move_all(
                unit=unit.pk, to=to.pk, reason=form.cleaned_data["reason"], actor=person(request)
            )
        except keeping.NotAllowed as error:
            raise PermissionDenied from error
        except keeping.NotTaken as error:
            _say(form, error)
        else:
            text = ngettext("%(count)d role moved to %(unit)s.", "%(count)d roles moved to %(unit)s.", moved)
            messages.success(request, text % {"count": moved, "unit": to})
            for words in left:
                messages.warning(request, words)
            return HttpResponseRedirect(f"{reverse('people')}?unit={to.pk}")
    rows = Membership.objects.filter(unit=unit).select_related("user").order_by("user__username", "pk")
    context = {"unit": unit, "form": form, "rows": rows}
    return render(request, "people/move.html", context, status=400 if form.errors else 200)


def _page(
    request: HttpRequest,
    user: User,
    *,
    form: PersonForm | None = None,
    giving: RoleForm | None = None,
    switching: BecauseForm | None = None,
    handing: BecauseForm | None = None,
    wrong: str = "",
) -> HttpResponse:
    context = {
        "who": user,
        "form": form or PersonForm.of(user, keeping.stamp_of(user)),
        "giving": giving or RoleForm(auto_id="give_%s"),
        "switching": switching or BecauseForm(auto_id="switch_%s"),
        "handing": handing or BecauseForm(auto_id="password_%s"),
        "memberships": user.memberships.select_related("unit"),
        "is_self": user.pk == person(request).pk,
        "work": _work_of(user),
        "wrong": wrong,
    }
    is_wrong = bool(wrong) or any(one is not None for one in (form, giving, switching, handing))
    return render(request, "people/one.html", context, status=400 if is_wrong else 200)


def _work_of(user: User) -> list[tuple[str, int]]:
    """What waits in somebody's hands: numbers alone, for nobody here sees a case."""
    open_cases = Incident.objects.open()
    found = [
        (_("Open cases in their hands"), open_cases.filter(handler=user).count()),
        (_("Cases that they have taken on the desk"), open_cases.filter(claimed_by=user).count()),
        (
            _("Duty shifts to come"),
            DutyShift.objects.filter(user=user, ends_at__gt=clock.now()).count(),
        ),
    ]
    return [(words, count) for words, count in found if count]


def _say(form: Form, error: keeping.NotTaken) -> None:
    form.add_error(error.field if error.field in form.fields else None, str(error))


def _to(pk: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("person", args=[pk]))
