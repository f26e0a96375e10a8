"""GET briefs/: the archive, one edition with its numbers and words, and its files; writing_api.py writes."""

from typing import Any, Literal

from django.db.models import Max, QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.viewer import viewer_of
from config import clock
from dashboards.briefs import keeping, reach, shown, wording
from dashboards.briefs.pages import TYPES, file_of
from dashboards.models import Brief, BriefAbout, BriefEdition, BriefEntry, BriefKind

MOST = 100


class _Asked(serializers.Serializer[Any]):
    status = serializers.ChoiceField(Brief.Status.choices, default=Brief.Status.ISSUED)
    kind = serializers.ChoiceField(BriefKind.choices, required=False)
    about = serializers.ChoiceField(BriefAbout.choices, required=False)
    code = serializers.CharField(max_length=64, required=False)
    before = serializers.DateField(required=False)


class _AskedEdition(serializers.Serializer[Any]):
    edition = serializers.IntegerField(required=False, min_value=0, max_value=32_000)


class BriefOut(serializers.ModelSerializer[Brief]):
    """A brief; drafts are seen by who writes in them."""

    kind = serializers.ChoiceField(["week", "month"])
    about = serializers.ChoiceField(["district", "street", "unit"])
    status = serializers.ChoiceField(["draft", "issued"])
    issue_at = serializers.DateTimeField(help_text="when a draft goes out by itself")
    version = serializers.IntegerField(help_text="of the working copy: what `seen` names")
    revisions = serializers.SerializerMethodField(help_text="corrections since it was issued")

    class Meta:
        model = Brief
        fields = (
            "id", "kind", "about", "code", "name_zh", "name_en", "first", "last", "number", "status",
            "issue_at", "issued_at", "version", "revisions",
        )  # fmt: skip

    def get_revisions(self, brief: Brief) -> int:
        """The number of its last edition; of a draft none."""
        return getattr(brief, "revisions", None) or 0


class BriefsOut(serializers.Serializer[Any]):
    """Briefs, the newest first."""

    results = BriefOut(many=True)


class _Said(serializers.CharField):
    """What somebody wrote, as pages and papers say it."""

    def __init__(self, **given: Any) -> None:
        super().__init__(read_only=True, **given)

    def get_attribute(self, instance: Any) -> str:
        return wording.said(getattr(instance, self.field_name or ""))


class BriefEditionOut(serializers.ModelSerializer[BriefEdition]):
    """What was issued at one moment; `at` is also the cut of its data."""

    note = _Said(help_text="why a correction was issued")

    class Meta:
        model = BriefEdition
        fields = ("number", "at", "note", "by_unit")


class BriefEntryOut(serializers.ModelSerializer[BriefEntry]):
    """Something that people say in a brief, with what it measures."""

    kind = serializers.ChoiceField(["problem", "followed", "decision", "outlook"])
    words = _Said()
    cause = _Said()
    advice = _Said()
    state = serializers.CharField(help_text="of what is followed up: done, under_way, not_done, not_said")
    measured = serializers.DictField(
        help_text="indicator, before, now, base; of what is followed up `came`: better, level, worse, small"
    )

    class Meta:
        model = BriefEntry
        fields = (
            "kind", "words", "cause", "advice", "unit", "due", "indicator", "street_code", "category_code",
            "measured", "state",
        )  # fmt: skip


class BriefFigureOut(serializers.Serializer[Any]):
    """One indicator of the brief's days, as kpis/ has it."""

    code = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    base = serializers.IntegerField(help_text="how many cases it is computed from")
    before = serializers.FloatField(allow_null=True)
    year_before = serializers.FloatField(allow_null=True)
    target = serializers.FloatField(allow_null=True)


class BriefDetailOut(serializers.Serializer[Any]):
    """One edition of a brief, and the list of all; of a draft the numbers and words of now."""

    brief = BriefOut()
    edition = BriefEditionOut(allow_null=True, help_text="null: a draft")
    editions = BriefEditionOut(many=True)
    verdict = serializers.ListField(child=serializers.CharField(), help_text="in the reader's language")
    indicators = BriefFigureOut(many=True)
    entries = BriefEntryOut(many=True)


class ReadsBriefs(IsAuthenticated):
    """Leaders and supervisors; a token files and follows reports."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return isinstance(user, User) and bool(viewer_of(user).roles.intersection(reach.READERS))


def _seen(request: Request) -> QuerySet[Brief]:
    assert isinstance(request.user, User)
    return Brief.objects.filter(reach.visible(request.user)).annotate(revisions=Max("editions__number"))


def brief_or_404(request: Request, pk: int) -> Brief:
    """One that this person may read."""
    held = _seen(request).filter(pk=min(pk, 2**63 - 1)).first()
    if held is None:
        raise NotFound
    return held


def _edition_or_404(request: Request, pk: int) -> tuple[Brief, BriefEdition | None]:
    """What is asked for, the last edition unless told; None of a draft, which has none."""
    told = _AskedEdition(data=request.query_params)
    told.is_valid(raise_exception=True)
    held = brief_or_404(request, pk)
    editions = held.editions.select_related("note").order_by("-number")
    if "edition" in told.validated_data:
        editions = editions.filter(number=told.validated_data["edition"])
    elif held.status == Brief.Status.DRAFT:
        return held, None
    edition = editions.first()
    if edition is None:
        raise NotFound
    return held, edition


def detail(held: Brief, edition: BriefEdition | None) -> dict[str, Any]:
    """The answer about one edition, or about a draft as it is now."""
    if edition is not None:
        verdict, figures = shown.of_edition(held, edition).verdict, edition.figures
        entries = keeping.entries_of(held, edition)
    else:
        at = clock.now()
        material = keeping.material(held, at=at)
        verdict, figures = shown.of_material(held, material, at=at).verdict, material.figures
        entries = material.entries
    body = {
        "brief": held,
        "edition": edition,
        "editions": held.editions.select_related("note").order_by("number"),
        "verdict": verdict,
        "indicators": figures["indicators"],
        "entries": entries,
    }
    return dict(BriefDetailOut(body).data)


_EDITION = OpenApiParameter("edition", OpenApiTypes.INT, description="0 as issued, 1 the first correction …")


class BriefsView(APIView):
    """What was issued."""

    permission_classes = (ReadsBriefs,)

    @extend_schema(
        tags=["briefs"],
        operation_id="briefs",
        summary="Weekly and monthly briefs, the newest 100; drafts for who writes in them",
        parameters=[
            OpenApiParameter(
                "status", OpenApiTypes.STR, enum=Brief.Status.values, description="issued unless told."
            ),
            OpenApiParameter("kind", OpenApiTypes.STR, enum=BriefKind.values),
            OpenApiParameter("about", OpenApiTypes.STR, enum=BriefAbout.values),
            OpenApiParameter(
                "code", OpenApiTypes.STR, description="Area code of a street, or code of a unit."
            ),
            OpenApiParameter(
                "before", OpenApiTypes.DATE, description="Only those that began before this day."
            ),
        ],
        responses=BriefsOut,
    )
    def get(self, request: Request) -> Response:
        told = _Asked(data=request.query_params)
        told.is_valid(raise_exception=True)
        asked = dict(told.validated_data)
        rows = _seen(request)
        if before := asked.pop("before", None):
            rows = rows.filter(first__lt=before)
        rows = rows.filter(**asked).order_by("-first", "kind", "about", "code", "-pk")[:MOST]
        return Response(BriefsOut({"results": rows}).data)


class BriefView(APIView):
    """One of them."""

    permission_classes = (ReadsBriefs,)

    @extend_schema(
        tags=["briefs"],
        operation_id="brief",
        summary="One brief with its numbers and words",
        parameters=[_EDITION],
        responses=BriefDetailOut,
    )
    def get(self, request: Request, pk: int) -> Response:
        held, edition = _edition_or_404(request, pk)
        return Response(detail(held, edition))


class BriefFileView(APIView):
    """Its files."""

    permission_classes = (ReadsBriefs,)
    ending: Literal["pdf", "xlsx"] = "pdf"

    @extend_schema(
        tags=["briefs"],
        summary="One brief as a file: one A4 page, or a workbook with charts",
        parameters=[_EDITION],
        responses={(200, media): OpenApiTypes.BINARY for media in TYPES.values()},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        held, edition = _edition_or_404(request, pk)
        return file_of(held, edition, self.ending)
