"""What lists can be narrowed by. A filter that does not exist is refused: silence would show everything."""

from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import OrgUnit, User
from config import clock
from dispatch.models import Category, ResponsibilityItem
from dispatch.vocabulary import Level, Nature, Source, Urgency
from grids.models import Area
from incidents import policy
from incidents.models import Adjudication, Incident, Supervision
from incidents.models.incident import IncidentQuerySet, Status
from incidents.searching.finding import WORDS_MOST, Kind, find


class Pages(CursorPagination):
    """Pages by cursor: a list that grows while it is read neither repeats nor skips a row."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering: Any = "-pk"

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Raises ValidationError for a cursor that is none: the list is there, what was sent is wrong."""
        try:
            cursor: Cursor | None = super().decode_cursor(request)
        except NotFound:
            wrong = ErrorDetail(_("This is no cursor of ours."), code="invalid")
            raise ValidationError({"cursor": [wrong]}) from None
        return cursor


class PagesByCode(Pages):
    """For reference data, in the order of its codes."""

    ordering = "code"


class StrictFilterBackend(DjangoFilterBackend):
    """Django-filter, refusing parameters that nobody reads."""

    _READ_ELSEWHERE = frozenset({"cursor", "page_size", "format"})

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        filter_class = self.get_filterset_class(view, queryset)
        known = set(filter_class.base_filters) if filter_class else set()
        unknown = [name for name in request.query_params if name not in known | self._READ_ELSEWHERE]
        if unknown:
            raise ValidationError(
                {
                    name[:60]: [ErrorDetail(_("There is no such filter."), code="unknown_field")]
                    for name in unknown[:20]
                }
            )
        narrowed: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return narrowed


_REFUSED = {
    Kind.PERSONAL: gettext_lazy("Nobody's number is looked for in what was said."),
    Kind.TOO_SHORT: gettext_lazy("Type two characters or more."),
}


class InstantField(IsoDateTimeField):
    """In UTC: the database knows no offsets of sixteen hours and more, which ISO 8601 allows."""

    def to_python(self, value: Any) -> datetime | None:
        at: datetime | None = super().to_python(value)
        try:
            return at and at.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


class InstantFilter(django_filters.IsoDateTimeFilter):
    field_class = InstantField


class IncidentFilter(django_filters.FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=Status.choices)
    category = django_filters.CharFilter(field_name="category_id")
    domain = django_filters.CharFilter(field_name="category__domain_code", help_text="Two digits.")
    street = django_filters.CharFilter(field_name="street_code")
    community = django_filters.CharFilter(field_name="community_code")
    unit = django_filters.CharFilter(field_name="owner_unit_id", help_text="Whose it is now.")
    source = django_filters.MultipleChoiceFilter(choices=Source.choices)
    nature = django_filters.MultipleChoiceFilter(choices=Nature.choices)
    urgency = django_filters.MultipleChoiceFilter(choices=Urgency.choices)
    received_after = InstantFilter(field_name="received_at", lookup_expr="gte")
    received_before = InstantFilter(field_name="received_at", lookup_expr="lt")
    overdue = django_filters.BooleanFilter(
        method="by_overdue", help_text="Open, and past the due time of the clock that runs."
    )
    supervised = django_filters.ChoiceFilter(
        method="by_order",
        choices=[("open", "open")],
        help_text="`open`: an order to act waits for its answer.",
    )
    disputed = django_filters.ChoiceFilter(
        method="by_dispute",
        choices=[("open", "open")],
        help_text="`open`: a ruling on whose job it is is waited for.",
    )
    upstream = django_filters.ChoiceFilter(
        method="by_review",
        choices=[("waiting", "waiting")],
        help_text="`waiting`: the result is before the source, which has to accept it.",
    )
    number = django_filters.CharFilter(lookup_expr="startswith", help_text="A number, or how it begins.")
    level = django_filters.MultipleChoiceFilter(choices=Level.choices)
    q = django_filters.CharFilter(
        method="by_words",
        max_length=WORDS_MOST,
        help_text=(
            "Words, all of which a case says: its reports, what was said later, its address, its results. "
            "Or a case number, its beginning, or its last digits. People only: a token finds cases by "
            "`number`. No telephone numbers: those are searched by POST /incidents/callers/."
        ),
    )

    class Meta:
        model = Incident
        fields: list[str] = []

    def by_overdue(self, cases: IncidentQuerySet, _name: str, wanted: bool) -> QuerySet[Incident]:
        late = Incident.objects.overdue(clock.now()).values("pk")
        return cases.filter(pk__in=late) if wanted else cases.exclude(pk__in=late)

    def by_order(self, cases: IncidentQuerySet, _name: str, _wanted: str) -> QuerySet[Incident]:
        ordered = Supervision.objects.filter(ended_at__isnull=True).values("incident")
        return cases.filter(pk__in=ordered)

    def by_words(self, cases: IncidentQuerySet, _name: str, typed: str) -> QuerySet[Incident]:
        """What many sources said is in a case's row: a token would learn what was told to others."""
        user = getattr(self.request, "user", None)
        if not isinstance(user, User):
            raise ValidationError({"q": [ErrorDetail(_("Only people search by words."), code="people_only")]})
        found = find(typed, cases, under=policy.filed_under(user))
        if found.wanted.kind in (Kind.PERSONAL, Kind.TOO_SHORT):
            raise ValidationError(
                {"q": [ErrorDetail(str(_REFUSED[found.wanted.kind]), code=found.wanted.kind)]}
            )
        return found.page

    def by_review(self, cases: IncidentQuerySet, _name: str, _wanted: str) -> QuerySet[Incident]:
        return cases.filter(upstream_since__isnull=False)

    def by_dispute(self, cases: IncidentQuerySet, _name: str, _wanted: str) -> QuerySet[Incident]:
        return cases.filter(pk__in=Adjudication.objects.open().values("incident"))


class CategoryFilter(django_filters.FilterSet):
    domain = django_filters.CharFilter(field_name="domain_code")

    class Meta:
        model = Category
        fields: list[str] = []


class AreaFilter(django_filters.FilterSet):
    kind = django_filters.MultipleChoiceFilter(choices=Area.Kind.choices)
    within = django_filters.CharFilter(
        method="by_area", help_text="An area's code: that area and all inside it."
    )
    named = django_filters.CharFilter(method="by_name", help_text="A part of the name, in either language.")

    class Meta:
        model = Area
        fields: list[str] = []

    def by_area(self, areas: Any, _name: str, code: str) -> Any:
        return areas.within(code)

    def by_name(self, areas: Any, _name: str, text: str) -> Any:
        return areas.named(text)


class UnitFilter(django_filters.FilterSet):
    kind = django_filters.MultipleChoiceFilter(choices=OrgUnit.Kind.choices)
    area = django_filters.CharFilter(field_name="area_code")
    within = django_filters.CharFilter(
        method="by_unit", help_text="A unit's code: that unit and all below it."
    )

    class Meta:
        model = OrgUnit
        fields: list[str] = []

    def by_unit(self, units: Any, _name: str, code: str) -> Any:
        top = OrgUnit.objects.filter(code=code).first()
        return units.within(top) if top else units.none()


class ItemFilter(django_filters.FilterSet):
    category = django_filters.CharFilter(field_name="category_id")
    unit = django_filters.CharFilter(field_name="lead_unit", help_text="As the list says it, `@` included.")
    level = django_filters.MultipleChoiceFilter(choices=Level.choices)
    urgency = django_filters.MultipleChoiceFilter(choices=Urgency.choices)

    class Meta:
        model = ResponsibilityItem
        fields: list[str] = []
