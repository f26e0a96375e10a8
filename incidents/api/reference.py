"""The words that reports and answers are made of: categories, areas, units, the responsibility list."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView

from accounts.models import OrgUnit
from config import clock
from dispatch.models import Category, ResponsibilityItem
from grids.models import Area
from incidents.api.filters import AreaFilter, CategoryFilter, ItemFilter, PagesByCode, UnitFilter
from incidents.api.reference_outputs import AreaOut, CategoryOut, ResponsibilityItemOut, UnitOut


@extend_schema_view(
    get=extend_schema(operation_id="categories", tags=["reference"], summary="The categories of events")
)
class CategoriesView(ListAPIView[Category]):
    queryset = Category.objects.all()
    serializer_class = CategoryOut
    filterset_class = CategoryFilter
    pagination_class = PagesByCode


@extend_schema_view(
    get=extend_schema(
        operation_id="areas",
        tags=["reference"],
        summary="The areas of the district; their outlines are at /geo/",
    )
)
class AreasView(ListAPIView[Area]):
    queryset = Area.objects.without_polygons().in_use()
    serializer_class = AreaOut
    filterset_class = AreaFilter
    pagination_class = PagesByCode


@extend_schema_view(
    get=extend_schema(operation_id="units", tags=["reference"], summary="The units that may be sent work")
)
class UnitsView(ListAPIView[OrgUnit]):
    queryset = OrgUnit.objects.open()
    serializer_class = UnitOut
    filterset_class = UnitFilter
    pagination_class = PagesByCode


@extend_schema_view(
    get=extend_schema(
        operation_id="responsibility_items",
        tags=["reference"],
        summary="The items of the responsibility list that is live",
    )
)
class ResponsibilityItemsView(ListAPIView[ResponsibilityItem]):
    serializer_class = ResponsibilityItemOut
    filterset_class = ItemFilter
    pagination_class = PagesByCode

    def get_queryset(self) -> QuerySet[ResponsibilityItem]:
        return ResponsibilityItem.objects.live(clock.now()).select_related("list")
