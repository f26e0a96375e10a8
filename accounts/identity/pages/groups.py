"""The provider that people come in through, and what its groups mean here, for who answers for security."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import person, staff
from accounts.identity.forms import GroupForm
from accounts.identity.provider import asking, linking
from accounts.identity.provider.rows import GroupRole, ProviderLink
from accounts.identity.rules import SECURITY_ROLES
from accounts.identity.where import where_of

ENDED_SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*SECURITY_ROLES)
def listed(request: HttpRequest) -> HttpResponse:
    """What is set up, what to register there, and the table of groups; what is posted adds a row."""
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            linking.add_group(
                group=told["group"],
                role=told["role"],
                unit=told["unit"],
                actor=person(request),
                at=timezone.now(),
            )
        except linking.Refused as refusal:
            form.add_error("group", str(refusal))
        else:
            messages.success(request, _("It holds from each person's next sign-in on."))
            return HttpResponseRedirect(reverse("provider"))
    rows = GroupRole.objects.select_related("unit", "added_by", "ended_by")
    context = {
        "form": form,
        "rows": rows.filter(ended_at=None),
        "ended": rows.exclude(ended_at=None).order_by("-ended_at", "-pk")[:ENDED_SHOWN],
        "is_configured": asking.is_configured(),
        "issuer": asking.issuer(),
        "linked": ProviderLink.objects.filter(issuer=asking.issuer()).count(),
        "back": request.build_absolute_uri(reverse("sign-in-provider-back")),
        "signed_out": request.build_absolute_uri(reverse("signed-out")),
        "groups_claim": settings.OIDC_GROUPS_CLAIM,
        "creates": settings.OIDC_CREATE,
        "same_names": settings.OIDC_SAME_NAMES,
        "roles_hours": settings.OIDC_ROLES_HOURS,
    }
    return render(request, "accounts/provider.html", context, status=400 if form.errors else 200)


@require_POST
@staff(*SECURITY_ROLES)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """A group means this no more."""
    try:
        lost = linking.end_group(pk=pk, actor=person(request), at=timezone.now(), where=where_of(request))
    except linking.Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("provider"))
    if lost is None:
        messages.info(request, _("It was taken away already."))
    elif not lost:
        messages.success(request, _("Taken away. Nobody had the role by it."))
    else:
        text = ngettext(
            "Taken away. %(count)d person has lost the role.",
            "Taken away. %(count)d people have lost the role.",
            lost,
        )
        messages.success(request, text % {"count": lost})
    return HttpResponseRedirect(reverse("provider"))
