"""Looking through what everybody may see: what waits, and one case with its words and photos."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.roles import Action
from config import clock
from incidents import actions, policy, releasing
from incidents.cases import TEXT_MAX
from incidents.covering import COLUMNS, ROWS
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Attachment, Incident, PublicWords
from incidents.openness import public
from incidents.pages.access import DESK_ROLES, case_or_404, staff

_PER_PAGE = 30
_STAGES = {
    Attachment.Stage.REPORT: gettext_lazy("With the report"),
    Attachment.Stage.BEFORE: gettext_lazy("Before"),
    Attachment.Stage.AFTER: gettext_lazy("After"),
}


@require_safe
@staff(*DESK_ROLES)
def waiting(request: HttpRequest) -> HttpResponse:
    """Cases about public space that nobody has looked through yet."""
    found = releasing.waiting(Incident.objects.filter(policy.visible(request.user)), at=clock.now())
    page = Paginator(found.select_related("category", "owner_unit", "text"), _PER_PAGE).get_page(
        request.GET.get("page")
    )
    return render(request, "incidents/release.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*DESK_ROLES)
def case(request: HttpRequest, number: str) -> HttpResponse:
    """One case: its words as the rule masks them, to be masked further; its photos, to be covered or kept."""
    incident = case_or_404(request, number)
    if request.method != "POST":
        return _page(request, incident, *_proposed(incident))
    if policy.acting_grant(request.user, Action.PUBLISH, incident) is None:
        raise PermissionDenied
    text = request.POST.get("text", "")
    shown = _chosen(request, incident)
    again = _masked_again(request, incident, text)
    if again is not None:
        taken_out = releasing.taken_out(incident, text)
        return _page(request, incident, again, shown, found=taken_out, is_masked=True, status=400)
    try:
        _act(request, incident, text, shown)
    except (ActionRefused, InvalidInput) as error:
        status = 409 if isinstance(error, ActionRefused) else 400
        return _page(request, incident, text, shown, error=str(error), status=status)
    found = releasing.waiting(Incident.objects.filter(policy.visible(request.user)), at=clock.now())
    after = found.exclude(pk=incident.pk).values_list("number", flat=True).first()
    return redirect("release-case", after) if after else redirect("release")


def _masked_again(request: HttpRequest, incident: Incident, text: str) -> str | None:
    """The words as the rule would have them, where it finds something in what was typed and nobody has seen
    that yet; the form that shows it sends what it showed as `masked`. What is released is masked anyhow."""
    if request.POST.get("act") == "withhold" or not text.strip():
        return None
    if not public(Incident.objects.filter(pk=incident.pk)).exists():
        return None
    typed = text.strip().replace("\r\n", "\n")
    if typed == request.POST.get("masked", "").strip().replace("\r\n", "\n"):
        return None
    masked = releasing.masked(incident, typed)
    return masked[:TEXT_MAX] if masked != typed else None


def _act(request: HttpRequest, incident: Incident, text: str, shown: dict[UUID, list[int]]) -> None:
    user = request.user
    assert isinstance(user, User)
    version = request.POST.get("version", "")
    common: dict[str, Any] = {
        "number": incident.number,
        "at": clock.now(),
        "seen_version": int(version)
        if version.isascii() and version.isdigit() and len(version) < 10
        else None,
    }
    if request.POST.get("act") == "withhold":
        actions.withhold(actor=policy.acting_as(user, Action.WITHHOLD, incident), **common)
        messages.success(request, _("Kept from the public: %(number)s") % {"number": incident.number})
        return
    if not text.strip() and not shown:
        raise InvalidInput(
            "text", "required", _("Leave some words, show a photo, or keep both from the public.")
        )
    actor = policy.acting_as(user, Action.PUBLISH, incident)
    actions.publish(text=text, photos=shown, actor=actor, **common)
    messages.success(request, _("Released to the public: %(number)s") % {"number": incident.number})


def _proposed(incident: Incident) -> tuple[str, dict[UUID, list[int]]]:
    """What was decided before; or else the words as the rule masks them, and no photo."""
    before = PublicWords.objects.filter(incident=incident).select_related("text").first()
    erased = incident.text.erased_at is not None
    if not public(Incident.objects.filter(pk=incident.pk)).exists():
        words = ""
    elif before is not None:
        words = before.text.body if before.text is not None else ""
    else:
        words = "" if erased else releasing.masked(incident, incident.text.body)[:TEXT_MAX]
    shown = {
        one.pk: list(one.public_photo.covered)
        for one in releasing.pictures(incident)
        if getattr(one, "public_photo", None) is not None and one.public_photo.file
    }
    return words, shown


def _chosen(request: HttpRequest, incident: Incident) -> dict[UUID, list[int]]:
    """The photos that are ticked, each with its ticked tiles."""
    named = set(request.POST.getlist("show"))
    return {
        one.pk: [
            int(tile) for tile in request.POST.getlist(f"cover-{one.pk}") if tile.isascii() and tile.isdigit()
        ]
        for one in releasing.pictures(incident)
        if str(one.pk) in named
    }


def _page(
    request: HttpRequest,
    incident: Incident,
    text: str,
    shown: dict[UUID, list[int]],
    *,
    error: str = "",
    found: list[str] | None = None,
    is_masked: bool = False,
    status: int = 200,
) -> HttpResponse:
    # What is not public is read on the case's own page, under its watermark; here it can only be taken back.
    is_public = public(Incident.objects.filter(pk=incident.pk)).exists()
    photos = [
        {
            "id": one.pk,
            "stage": _STAGES[Attachment.Stage(one.stage)],
            "is_shown": one.pk in shown,
            "width": one.width,
            "height": one.height,
            "rows": [
                [
                    (row * COLUMNS + column, column + 1, row * COLUMNS + column in shown.get(one.pk, ()))
                    for column in range(COLUMNS)
                ]
                for row in range(ROWS)
            ],
        }
        for one in releasing.pictures(incident)
    ]
    context = {
        "incident": incident,
        "original": "" if incident.text.erased_at or not is_public else incident.text.body,
        "text": text,
        "text_max": TEXT_MAX,
        "photos": photos,
        "error": error,
        "found": found or [],
        "is_masked": is_masked,
        "is_decided": PublicWords.objects.filter(incident=incident).exists(),
    }
    return render(request, "incidents/release_case.html", context, status=status)
