"""Reference data as it is answered: categories, areas, units, the items of the list."""

from rest_framework import serializers

from accounts.models import OrgUnit
from dispatch.models import Category, ResponsibilityItem
from grids.models import Area


class CategoryOut(serializers.ModelSerializer[Category]):
    name = serializers.CharField()
    domain_name = serializers.CharField(source="domain")
    in_use = serializers.SerializerMethodField(
        help_text="False: switched off. New reports of it are its successor's; offer that one."
    )
    successor = serializers.CharField(source="successor_id", allow_null=True)

    class Meta:
        model = Category
        fields = (
            "code",
            "name",
            "domain_code",
            "domain_name",
            "name_zh",
            "name_en",
            "scope_zh",
            "in_use",
            "successor",
        )

    def get_in_use(self, category: Category) -> bool:
        return category.ended_at is None


class AreaOut(serializers.ModelSerializer[Area]):
    name = serializers.CharField()
    parent = serializers.CharField(source="parent_id", allow_null=True)  # type: ignore[assignment]

    class Meta:
        model = Area
        fields = ("code", "kind", "name", "name_zh", "name_en", "parent", "lon", "lat", "area_m2")


class UnitOut(serializers.ModelSerializer[OrgUnit]):
    name = serializers.CharField()
    parent = serializers.CharField(source="parent_id", allow_null=True)  # type: ignore[assignment]

    class Meta:
        model = OrgUnit
        fields = ("code", "kind", "name", "name_zh", "name_en", "parent", "area_code", "is_open")


class ResponsibilityItemOut(serializers.ModelSerializer[ResponsibilityItem]):
    category = serializers.CharField(source="category_id")
    list_version = serializers.IntegerField(source="list.version")

    class Meta:
        model = ResponsibilityItem
        fields = (
            "code",
            "category",
            "matter_zh",
            "filing_condition_zh",
            "closing_condition_zh",
            "keywords",
            "owners",
            "place_types",
            "sources",
            "hours",
            "lead_unit",
            "support_units",
            "follow_up_unit",
            "supervising_unit",
            "level",
            "urgency",
            "dispatch_minutes",
            "accept_minutes",
            "handle_limit",
            "legal_basis",
            "list_version",
        )
