"""projects/: what was taken up as one, its lists, and what came of it, for those who read its pages."""

from collections.abc import Callable
from typing import Any

from django.db.models import Count, Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.viewer import Grant, viewer_of
from config import clock
from dashboards.models import Project, ProjectEvent, ProjectItem
from dashboards.project_pages import READERS
from dashboards.warning import acting as warning_acting
from dashboards.warning import before_after, projects, reach
from incidents import policy
from incidents.actor import Actor
from incidents.api.fields import CodeField, StrictSerializer, TextField, checked
from incidents.api.filters import Pages
from incidents.cases import TEXT_MAX
from incidents.errors import ActionRefused
from incidents.models import Incident
from incidents.numbers import district_day

_ID_MOST = 2**63 - 1


class ProjectOut(serializers.ModelSerializer[Project]):
    """A project as lists show it: what it is measured by never changes."""

    owner_unit = serializers.CharField(source="owner_unit_id")
    measures = serializers.IntegerField(help_text="that were not taken out")
    carried_out = serializers.IntegerField()
    cases = serializers.IntegerField(source="case_count", help_text="in its list of problems")

    class Meta:
        model = Project
        fields = (
            "id", "name", "status", "owner_unit", "street_code", "community_code", "categories", "start",
            "end", "measures", "carried_out", "cases",
        )  # fmt: skip


class ProjectItemOut(serializers.ModelSerializer[ProjectItem]):
    """A line of its lists."""

    words = serializers.CharField(source="words.body")
    unit = serializers.CharField(source="unit_id")
    done_by = serializers.CharField(allow_null=True)

    class Meta:
        model = ProjectItem
        fields = ("id", "kind", "words", "unit", "due", "added_at", "done_at", "done_by", "dropped_at")


class ProjectEventOut(serializers.ModelSerializer[ProjectEvent]):
    """One thing that was done with it; a finish holds what was measured then."""

    by = serializers.CharField()
    by_unit = serializers.CharField(source="by_unit_id", allow_null=True)
    words = serializers.CharField(source="words.body", default="")

    class Meta:
        model = ProjectEvent
        fields = ("kind", "by", "by_unit", "at", "words", "data")


class BeforeAfterOut(serializers.Serializer[Any]):
    """Cases received in whole weeks before its first day and since; `ratio` is now ÷ before, with 95 %."""

    before = serializers.ListField(child=serializers.IntegerField())
    after = serializers.ListField(child=serializers.IntegerField())
    ratio = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True, help_text="null: no end to it, or nothing to say")
    verdict = serializers.CharField(help_text="fewer, more, level or small (too little to judge by)")


class ProjectDetailOut(serializers.Serializer[Any]):
    """A project with its resources, measures, trail and before and after; its problems are a list apart."""

    project = ProjectOut()
    problem = serializers.CharField()
    resources = ProjectItemOut(many=True)
    measures = ProjectItemOut(many=True)
    warnings = serializers.ListField(
        child=serializers.IntegerField(), help_text="that it was made of, as far as the reader reads them"
    )
    before_after = BeforeAfterOut()
    events = ProjectEventOut(many=True)


class ProjectProblemOut(serializers.ModelSerializer[Incident]):
    """A case of its list of problems that the reader may see; the rest of it is at incidents/{number}/."""

    category = serializers.CharField(source="category_id", allow_null=True)
    unit = serializers.CharField(source="owner_unit_id", allow_null=True)

    class Meta:
        model = Incident
        fields = ("number", "status", "category", "unit", "street_code", "community_code", "received_at")


class ProjectItemInput(StrictSerializer):
    """A line of its lists; a measure has a day."""

    kind = CodeField(choices=ProjectItem.Kind.choices)
    words = TextField(max_length=400)
    unit = serializers.CharField(max_length=64, help_text="Who does it, or whose it is.")
    due = serializers.DateField(required=False)


class ProjectOwnerInput(StrictSerializer):
    """The unit that owns it from now on, and why."""

    unit = serializers.CharField(max_length=64)
    words = TextField(max_length=TEXT_MAX, help_text="Why, in a sentence.")


class ProjectStatusInput(StrictSerializer):
    """Planned, running or kept watch on; its end is told by finish."""

    status = CodeField(choices=[one for one in Project.Status.choices if one[0] != Project.Status.DONE])


class ProjectFinishInput(StrictSerializer):
    """What came of it; what was counted is kept beside it."""

    words = TextField(max_length=TEXT_MAX)


class ProjectDropInput(StrictSerializer):
    """Why a line is taken out."""

    words = TextField(max_length=TEXT_MAX)


class ProjectNothingInput(StrictSerializer):
    """Nothing needs to be said."""


class ReadsProjects(IsAuthenticated):
    """Who reads warnings, and whose unit owns a project."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return isinstance(user, User) and bool(viewer_of(user).roles.intersection(READERS))


class _Asked(StrictSerializer):
    status = CodeField(choices=Project.Status.choices, required=False)
    street = serializers.RegexField(r"^\d{12}$", required=False)
    owner = serializers.CharField(max_length=64, required=False)
    cursor = serializers.CharField(required=False)
    page_size = serializers.CharField(required=False)


def _seen(request: Request) -> QuerySet[Project]:
    rows = Project.objects.filter(projects.visible(request.user))
    measures = Q(items__kind=ProjectItem.Kind.MEASURE, items__dropped_at=None)
    return rows.annotate(
        measures=Count("items", filter=measures, distinct=True),
        carried_out=Count("items", filter=measures & Q(items__done_at__isnull=False), distinct=True),
        case_count=Count("cases", distinct=True),
    )


def _or_404(request: Request, pk: int) -> Project:
    held = _seen(request).select_related("problem", "owner_unit").filter(pk=min(pk, _ID_MOST)).first()
    if held is None:
        raise NotFound
    return held


def _detail(request: Request, pk: int) -> Response:
    held = _or_404(request, pk)
    items = list(held.items.select_related("words", "done_by"))
    found = before_after.compare(held, today=district_day(clock.now()))
    low, high = found.interval or (None, None)
    body = {
        "project": held,
        "problem": held.problem.body,
        "resources": [item for item in items if item.kind == ProjectItem.Kind.RESOURCE],
        "measures": [item for item in items if item.kind == ProjectItem.Kind.MEASURE],
        "warnings": list(
            held.warnings.filter(reach.visible(request.user)).order_by("pk").values_list("pk", flat=True)
        ),
        "before_after": {
            "before": found.before,
            "after": found.after,
            "ratio": found.ratio,
            "low": low,
            "high": high if high is not None and high != float("inf") else None,
            "verdict": found.verdict,
        },
        "events": held.events.select_related("by", "words"),
    }
    return Response(ProjectDetailOut(body).data)


class ProjectsView(APIView):
    """What was taken up."""

    permission_classes = (ReadsProjects,)

    @extend_schema(
        tags=["projects"],
        operation_id="projects",
        summary="Projects that the reader may see, the newest first",
        parameters=[
            OpenApiParameter("status", OpenApiTypes.STR, enum=Project.Status.values),
            OpenApiParameter("street", OpenApiTypes.STR, description="A street's area code."),
            OpenApiParameter("owner", OpenApiTypes.STR, description="Code of the unit that owns it."),
            OpenApiParameter("cursor", OpenApiTypes.STR),
            OpenApiParameter("page_size", OpenApiTypes.INT),
        ],
        responses=inline_serializer(
            "ProjectPage",
            {
                "next": serializers.URLField(allow_null=True),
                "previous": serializers.URLField(allow_null=True),
                "results": ProjectOut(many=True),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        asked = checked(_Asked, request.query_params.dict())
        rows = _seen(request)
        if "status" in asked:
            rows = rows.filter(status=asked["status"])
        if "street" in asked:
            rows = rows.filter(street_code=asked["street"])
        if "owner" in asked:
            rows = rows.filter(owner_unit=asked["owner"])
        pages = Pages()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(ProjectOut(page, many=True).data)


class ProjectView(APIView):
    """One of them."""

    permission_classes = (ReadsProjects,)

    @extend_schema(
        tags=["projects"], operation_id="project", summary="One project", responses=ProjectDetailOut
    )
    def get(self, request: Request, pk: int) -> Response:
        return _detail(request, pk)


class ProjectProblemsView(APIView):
    """问题清单."""

    permission_classes = (ReadsProjects,)

    @extend_schema(
        tags=["projects"],
        operation_id="project_problems",
        summary="The cases of a project that the reader may see, the newest first",
        parameters=[
            OpenApiParameter("cursor", OpenApiTypes.STR),
            OpenApiParameter("page_size", OpenApiTypes.INT),
        ],
        responses=inline_serializer(
            "ProjectProblemPage",
            {
                "next": serializers.URLField(allow_null=True),
                "previous": serializers.URLField(allow_null=True),
                "results": ProjectProblemOut(many=True),
            },
        ),
    )
    def get(self, request: Request, pk: int) -> Response:
        held = _or_404(request, pk)
        rows = Incident.objects.filter(policy.visible(request.user), pk__in=held.cases.values("incident"))
        pages = Pages()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(ProjectProblemOut(page, many=True).data)


def _act_view(
    name: str,
    summary: str,
    takes: type[serializers.Serializer[Any]],
    call: Callable[..., Any],
    granted: Callable[..., Grant | None],
    refusal: Any,
) -> type[APIView]:
    """The view of one action, on the project or on a line of it: the project as it is then is answered."""

    class ActView(APIView):
        permission_classes = (ReadsProjects,)

        @extend_schema(
            tags=["projects"],
            operation_id=f"project_{name}",
            summary=summary,
            request=takes,
            responses=ProjectDetailOut,
        )
        def post(self, request: Request, pk: int, **of: int) -> Response:
            assert isinstance(request.user, User)
            held = _or_404(request, pk)
            grant = granted(request.user, held)
            if grant is None:
                raise ActionRefused("not_allowed", refusal)
            told = checked(takes, request.data)
            if "item" in of and not held.items.filter(pk=min(of["item"], _ID_MOST)).exists():
                raise NotFound
            what = of or {"project": held.pk}
            call(actor=Actor.person(request.user, grant.unit.code), at=clock.now(), **what, **told)
            return _detail(request, pk)

    ActView.__name__ = f"Project{name.title().replace('_', '')}View"
    ActView.__doc__ = summary
    return ActView


_WORKS = (projects.working_grant, projects.WHO_WORKS)
_KEEPS = (projects.keeping_grant, warning_acting.WHO_ACTS)
ACTS = {
    "items": _act_view(
        "item_add", "Add a resource or a measure to a project", ProjectItemInput, projects.add_item, *_WORKS
    ),
    "items/<int:item>/done": _act_view(
        "item_done", "A measure is carried out", ProjectNothingInput, projects.carry_out, *_WORKS
    ),
    "items/<int:item>/drop": _act_view(
        "item_drop", "Take a line out of a project's lists", ProjectDropInput, projects.drop_item, *_WORKS
    ),
    "owner": _act_view(
        "owner", "Give a project another owner", ProjectOwnerInput, projects.change_owner, *_KEEPS
    ),
    "status": _act_view(
        "status", "Change a project's state", ProjectStatusInput, projects.set_status, *_KEEPS
    ),
    "finish": _act_view(
        "finish", "Finish a project: what came of it", ProjectFinishInput, projects.finish, *_KEEPS
    ),
}
