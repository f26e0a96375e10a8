"""warnings/rules/: how often is too often, for programs of the people who read warnings."""

from typing import Any

from django.db.models import Count
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from config import clock
from dashboards.models import RepeatRule, RepeatRuleRevision
from dashboards.warning import repeat_rules
from dashboards.warning_api import ReadsWarnings
from incidents.actor import Actor
from incidents.api.fields import CodeField, StrictSerializer, TextField, checked
from incidents.api.filters import Pages
from incidents.cases import TEXT_MAX
from incidents.errors import ActionRefused


class RepeatRuleOut(serializers.ModelSerializer[RepeatRule]):
    """From how many cases on a place or a person is a warning; `matter` empty: all of them."""

    matter = serializers.CharField(source="matter_code", help_text="a category, a domain, or empty")
    street = serializers.CharField(source="street_code", help_text="of this street alone, or empty")
    changed_by = serializers.CharField(allow_null=True)
    revisions = serializers.SerializerMethodField()

    class Meta:
        model = RepeatRule
        fields = (
            "by", "matter", "street", "days", "at_least", "is_active", "changed_at", "changed_by",
            "revisions",
        )  # fmt: skip

    def get_revisions(self, rule: RepeatRule) -> int:
        """How often it has been changed."""
        found: dict[tuple[str, str, str], int] = self.context["revisions"]
        return found.get((rule.by, rule.matter_code, rule.street_code), 0)


class RepeatRulesOut(serializers.Serializer[Any]):
    """The rules that stand, in use or not."""

    results = RepeatRuleOut(many=True)


class RuleRevisionOut(serializers.ModelSerializer[RepeatRuleRevision]):
    """One change of a rule, with what it said until then."""

    matter = serializers.CharField(source="matter_code")
    street = serializers.CharField(source="street_code")
    words = serializers.CharField(source="words.body")
    changed_by = serializers.CharField()
    by_unit = serializers.CharField(source="by_unit_id", allow_null=True)

    class Meta:
        model = RepeatRuleRevision
        fields = (
            "id", "by", "matter", "street", "before", "days", "at_least", "is_active", "words", "changed_by",
            "by_unit", "changed_at",
        )  # fmt: skip


class RepeatRuleInput(StrictSerializer):
    """What a rule says from now on, and why; made where there is none."""

    by = CodeField(choices=RepeatRule.By.choices)
    matter = serializers.CharField(
        max_length=4, allow_blank=True, default="", help_text="A category, a domain, or empty for all."
    )
    street = serializers.CharField(
        max_length=15,
        allow_blank=True,
        default="",
        help_text="Of this street alone: as few cases or fewer, looking as far back or farther than the"
        " district's rule. Empty: of the whole district.",
    )
    days = serializers.IntegerField(min_value=repeat_rules.DAYS[0], max_value=repeat_rules.DAYS[1])
    at_least = serializers.IntegerField(
        min_value=repeat_rules.AT_LEAST[0], max_value=repeat_rules.AT_LEAST[1], help_text="Cases."
    )
    is_active = serializers.BooleanField(default=True)
    words = TextField(max_length=TEXT_MAX, help_text="Why, in a sentence.")
    seen = serializers.IntegerField(
        required=False, min_value=0, help_text="Refused with 409 where it has been changed more often."
    )


def _standing() -> dict[str, Any]:
    rows = RepeatRule.objects.select_related("changed_by").order_by("by", "matter_code", "street_code")
    rule = ("by", "matter_code", "street_code")
    changes = RepeatRuleRevision.objects.order_by().values_list(*rule).annotate(Count("pk"))
    counted = {(by, matter, street): count for by, matter, street, count in changes}
    return dict(RepeatRulesOut({"results": rows}, context={"revisions": counted}).data)


class RulesView(APIView):
    """The rules of repeats."""

    permission_classes = (ReadsWarnings,)

    @extend_schema(
        tags=["warnings"],
        operation_id="repeat_rules",
        summary="From how many cases on a place or a person is a warning",
        responses=RepeatRulesOut,
    )
    def get(self, request: Request) -> Response:
        return Response(_standing())

    @extend_schema(
        tags=["warnings"],
        operation_id="repeat_rule_set",
        summary="Change a rule of repeats, or make one for a matter; the next look goes by it",
        request=RepeatRuleInput,
        responses=RepeatRulesOut,
    )
    def post(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        if repeat_rules.streets_of(request.user) == []:
            raise ActionRefused("not_allowed", repeat_rules.WHO)
        told = checked(RepeatRuleInput, request.data)
        grant = repeat_rules.keeping_grant(request.user, told["street"])
        if grant is None:
            raise ActionRefused("not_allowed", repeat_rules.WHO)
        repeat_rules.set_rule(actor=Actor.person(request.user, grant.unit.code), at=clock.now(), **told)
        return Response(_standing())


@extend_schema_view(
    get=extend_schema(
        tags=["warnings"],
        operation_id="repeat_rule_history",
        summary="Every change of the rules of repeats",
    )
)
class RuleHistoryView(ListAPIView[RepeatRuleRevision]):
    """Who changed which rule and why, the newest first."""

    permission_classes = (ReadsWarnings,)
    pagination_class = Pages
    serializer_class = RuleRevisionOut
    queryset = RepeatRuleRevision.objects.select_related("changed_by", "words")
