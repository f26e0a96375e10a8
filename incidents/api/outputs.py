"""What is answered: shapes alone. Nobody's name, number or home is in any of them but `ContactOut`."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.masking import starred
from accounts.models import ApiClient
from accounts.roles import Action
from dispatch.vocabulary import Level, Nature, Source, Urgency
from incidents.api.answers import incident_url
from incidents.api.clock_outputs import TimesOut
from incidents.api.dispute_outputs import DisputeOut
from incidents.api.order_outputs import OrderOut, OrderShortOut
from incidents.api.sending_outputs import SendingOut, SupporterOut
from incidents.models import Attachment, Incident, Report, ReportUpdate
from incidents.models.incident import ResolutionOutcome, Status

# A declared field takes its name from the class again: what mypy ignores below hides no attribute.
Out = serializers.Serializer[Any]


class FieldErrorOut(Out):
    field = serializers.CharField(help_text="A dotted path into what was sent; `body` for all of it.")
    code = serializers.CharField(help_text="The rule, stable for machines.")
    detail = serializers.CharField(help_text="The rule, in the reader's language.")


class ProblemOut(Out):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    errors = FieldErrorOut(many=True)  # type: ignore[assignment]


# --- filing and deciding ------------------------------------------------------------------------


class ReasonOut(Out):
    code = serializers.CharField()
    params = serializers.DictField()
    text = serializers.CharField(help_text="A sentence in the reader's language.")


class FiledCaseOut(Out):
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)
    category = serializers.CharField(allow_null=True)
    unit = serializers.CharField(help_text="Whose it is now; the triage desk is a unit too.")
    due_at = serializers.DateTimeField(allow_null=True)
    url = serializers.URLField()


class DecisionShortOut(Out):
    outcome = serializers.ChoiceField(choices=["dispatched", "triage"])
    item = serializers.CharField(allow_null=True)
    unit = serializers.CharField(allow_null=True)
    confidence = serializers.FloatField()
    reasons = ReasonOut(many=True)


class ReceiptOut(Out):
    """A report that is safely in."""

    report = serializers.IntegerField(help_text="The report's id here.")
    incident = FiledCaseOut()
    decision = DecisionShortOut(allow_null=True)


class BatchRowOut(Out):
    """The answer to one row: as a single POST would have answered it."""

    status = serializers.IntegerField(help_text="201, 200, 400, 403 or 409.")
    report = serializers.IntegerField(required=False)
    incident = FiledCaseOut(required=False)
    decision = DecisionShortOut(required=False, allow_null=True)
    errors = FieldErrorOut(many=True, required=False)  # type: ignore[assignment]


class BatchOut(Out):
    results = BatchRowOut(many=True, help_text="One for each report, in their order.")


class UpdateOut(Out):
    update = serializers.IntegerField()  # type: ignore[assignment]
    report = serializers.IntegerField()
    incident = FiledCaseOut()


class CandidateOut(Out):
    item = serializers.CharField()
    item_name = serializers.CharField()
    category = serializers.CharField()
    unit = serializers.CharField(allow_null=True)
    unit_name = serializers.CharField(allow_blank=True)
    unit_pattern = serializers.CharField(
        help_text="The unit as the list says it; `@` is relative to the place."
    )
    probability = serializers.FloatField()
    held = ReasonOut(many=True)
    failed = ReasonOut(many=True)


class PlaceOut(Out):
    lon = serializers.FloatField(allow_null=True)
    lat = serializers.FloatField(allow_null=True)
    cell = serializers.CharField(allow_null=True)
    community = serializers.CharField(allow_null=True)
    street = serializers.CharField(allow_null=True)
    in_district = serializers.BooleanField(allow_null=True)
    how = serializers.ChoiceField(choices=["point", "address", "area", "facility", "none"])
    facility = serializers.CharField(
        allow_null=True, help_text="Code of the facility that the place was told by."
    )
    evidence = ReasonOut(many=True)


class DecisionOut(Out):
    """Everything about a decision: what, whose, by when, why, and what else came close."""

    outcome = serializers.ChoiceField(choices=["dispatched", "triage"])
    category = serializers.CharField(allow_null=True)
    category_name = serializers.CharField(allow_blank=True)
    item = serializers.CharField(allow_null=True)
    item_name = serializers.CharField(allow_blank=True)
    unit = serializers.CharField(allow_null=True)
    unit_name = serializers.CharField(allow_blank=True)
    confidence = serializers.FloatField()
    reasons = ReasonOut(many=True)
    candidates = CandidateOut(many=True)
    urgency = serializers.ChoiceField(choices=Urgency.choices)
    level = serializers.ChoiceField(choices=Level.choices)
    dispatch_minutes = serializers.IntegerField()
    accept_minutes = serializers.IntegerField()
    handle_limit = serializers.CharField(help_text="`h` hours, `wh` working hours, `wd` working days.")
    support_units = serializers.ListField(child=serializers.CharField())
    follow_up_unit = serializers.CharField(allow_null=True)
    supervising_unit = serializers.CharField(allow_null=True)
    triage_codes = serializers.ListField(child=serializers.CharField())
    list_version = serializers.IntegerField()
    model = serializers.CharField()
    place = PlaceOut()
    facts = serializers.DictField(help_text="What the decision looked at, without the text.")


# --- reports and cases --------------------------------------------------------------------------


class PointOut(Out):
    lon = serializers.FloatField(allow_null=True, help_text="WGS-84.")
    lat = serializers.FloatField(allow_null=True)
    address = serializers.CharField(allow_blank=True)


class LocationOut(PointOut):
    cell = serializers.CharField(source="cell_code", allow_blank=True)
    community = serializers.CharField(source="community_code", allow_blank=True)
    street = serializers.CharField(source="street_code", allow_blank=True)
    in_district = serializers.BooleanField(allow_null=True)


class AttachmentOut(serializers.ModelSerializer[Attachment]):
    class Meta:
        model = Attachment
        fields = ("id", "content_type", "size", "width", "height", "taken_at", "uploaded_at", "stage")
        read_only_fields = fields


class ReportUpdateOut(Out):
    id = serializers.IntegerField()
    external_id = serializers.CharField()
    kind = serializers.ChoiceField(choices=ReportUpdate.Kind.choices)
    text = serializers.SerializerMethodField()
    due_at = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField()

    def get_text(self, update: ReportUpdate) -> str:
        return update.text.body if update.text else ""


class ReportOut(Out):
    """A report as it was kept; who reported is told by the action `unmask` alone."""

    id = serializers.IntegerField()
    source = serializers.ChoiceField(choices=Source.choices)  # type: ignore[assignment]
    external_id = serializers.CharField()
    tracking_code = serializers.SerializerMethodField(
        help_text="For the resident's own status page; told to who filed, never to who handles."
    )
    nature = serializers.ChoiceField(choices=Nature.choices)
    text = serializers.CharField(source="text.body")
    occurred_at = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField()
    given_category = serializers.CharField(allow_blank=True)
    source_category = serializers.CharField(allow_blank=True)
    location = PointOut(source="*")
    attributes = serializers.DictField()
    outside_due_at = serializers.DateTimeField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    attachments = AttachmentOut(many=True)
    documents = serializers.SerializerMethodField(help_text="Scans: `open-document` takes one out.")
    updates = ReportUpdateOut(many=True)
    incident = serializers.SerializerMethodField()

    def get_tracking_code(self, report: Report) -> str:
        # Whoever holds the code rates the handling: a handler must not.
        asking = self.context["request"].user
        filed = isinstance(asking, ApiClient) or report.filed_by_id == asking.pk
        return report.tracking_code if filed else ""

    def get_documents(self, report: Report) -> list[UUID]:
        return [document.pk for document in report.documents.all()]

    @extend_schema_field(FiledCaseOut)
    def get_incident(self, report: Report) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self.context["case"]
        return told


def _words(words: str, context: Mapping[str, Any]) -> str:
    """What somebody said, as its reader may have it: numbers in it are for who may ask who said it.

    `context` has the reader's actions where one case is told; a list shows nobody more than their ends.
    """
    if isinstance(context["request"].user, ApiClient) or Action.UNMASK in context.get("actions", ()):
        return words
    return starred(words)


class IncidentOut(serializers.ModelSerializer[Incident]):
    """A case as lists show it."""

    category = serializers.CharField(source="category_id", allow_null=True)
    category_name = serializers.SerializerMethodField()
    item = serializers.CharField(source="item_code", allow_blank=True)
    unit = serializers.CharField(source="owner_unit_id")
    unit_name = serializers.CharField(source="owner_unit.name")
    text = serializers.SerializerMethodField(
        help_text="Of the first report; empty where it is another source's."
    )
    location = LocationOut(source="*")
    level = serializers.ChoiceField(choices=Level.choices, allow_blank=True)
    first_level = serializers.ChoiceField(
        choices=Level.choices, allow_blank=True, help_text="Where it began; `level` moves up from there."
    )
    outcome = serializers.ChoiceField(choices=ResolutionOutcome.choices, allow_blank=True)
    clock = serializers.CharField(
        source="clock_kind", allow_blank=True, help_text="Which clock due_at is of."
    )
    supervision = serializers.SerializerMethodField(help_text="The order to act that waits for its answer.")
    url = serializers.SerializerMethodField()

    class Meta:
        model = Incident
        fields = (
            "number",
            "status",
            "nature",
            "source",
            "category",
            "category_name",
            "item",
            "urgency",
            "level",
            "first_level",
            "unit",
            "unit_name",
            "text",
            "location",
            "received_at",
            "dispatched_at",
            "accepted_at",
            "resolved_at",
            "closed_at",
            "upstream_since",
            "due_at",
            "clock",
            "outcome",
            "auto_dispatched",
            "report_count",
            "return_count",
            "rework_count",
            "supervision_count",
            "supervision",
            "version",
            "url",
        )
        read_only_fields = fields

    def get_category_name(self, incident: Incident) -> str:
        return incident.category.name if incident.category else ""

    def get_text(self, incident: Incident) -> str:
        asking = self.context["request"].user
        if isinstance(asking, ApiClient) and not getattr(incident, "own_words", False):
            return ""  # another system's
        return _words(incident.text.body, self.context)

    @extend_schema_field(OrderShortOut(allow_null=True))
    def get_supervision(self, incident: Incident) -> Mapping[str, Any] | None:
        return OrderShortOut(incident).data if incident.supervision_number else None

    @extend_schema_field({"type": "string", "format": "uri"})
    def get_url(self, incident: Incident) -> str:
        return incident_url(self.context["request"], incident.number)


class CaseReportOut(Out):
    """One of the reports that a case answers."""

    id = serializers.IntegerField()
    source = serializers.ChoiceField(choices=Source.choices)  # type: ignore[assignment]
    external_id = serializers.CharField()
    nature = serializers.ChoiceField(choices=Nature.choices)
    text = serializers.SerializerMethodField()
    received_at = serializers.DateTimeField()
    has_contact = serializers.SerializerMethodField(help_text="Somebody left a name or a number.")

    def get_text(self, report: Report) -> str:
        return _words(report.text.body, self.context)

    def get_has_contact(self, report: Report) -> bool:
        return report.contact_id is not None


class IncidentDetailOut(IncidentOut):
    """A case with its reports, its last decision and what the reader may do to it."""

    reports = serializers.SerializerMethodField(help_text="A token sees its own source's.")
    decision = serializers.SerializerMethodField()
    times = serializers.SerializerMethodField(help_text="Its clocks, and what was said about its times.")
    actions = serializers.SerializerMethodField(help_text="What the reader may do now.")
    merged_into = serializers.CharField(source="merged_into.number", default=None, allow_null=True)
    attachments = AttachmentOut(many=True, help_text="Pictures of the handling.")
    leads = serializers.SerializerMethodField(
        help_text="Who leads it and led it, oldest first; empty for tokens."
    )
    supporters = serializers.SerializerMethodField(
        help_text="Who was asked to support, oldest first; empty for tokens."
    )
    orders = OrderOut(source="supervisions", many=True, help_text="Orders to act, oldest first.")
    disputes = DisputeOut(
        source="adjudications", many=True, help_text="Adjudications, oldest first; empty for tokens."
    )

    class Meta(IncidentOut.Meta):
        fields = (  # type: ignore[assignment]
            *IncidentOut.Meta.fields,
            "triage_codes",
            "parked_until",
            "chased_count",
            "merged_into",
            "reports",
            "decision",
            "times",
            "first_contact_at",
            "attachments",
            "leads",
            "supporters",
            "orders",
            "disputes",
            "actions",
        )
        read_only_fields = fields  # type: ignore[assignment]

    @extend_schema_field(CaseReportOut(many=True))
    def get_reports(self, incident: Incident) -> Any:
        return CaseReportOut(self.context["reports"], many=True, context=self.context).data

    @extend_schema_field(DecisionShortOut(allow_null=True))
    def get_decision(self, incident: Incident) -> Mapping[str, Any] | None:
        told: Mapping[str, Any] | None = self.context["decision"]
        return told

    @extend_schema_field(SendingOut(many=True))
    def get_leads(self, incident: Incident) -> Sequence[Mapping[str, Any]]:
        return list(SendingOut(self.context["sendings"]["leads"], many=True).data)

    @extend_schema_field(SupporterOut(many=True))
    def get_supporters(self, incident: Incident) -> Sequence[Mapping[str, Any]]:
        return list(SupporterOut(self.context["sendings"]["supporters"], many=True).data)

    @extend_schema_field(TimesOut)
    def get_times(self, incident: Incident) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self.context["times"]
        return told

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=[*Action])))
    def get_actions(self, incident: Incident) -> Sequence[str]:
        told: Sequence[str] = self.context["actions"]
        return told


class TimelineOut(Out):
    """One line of what happened."""

    at = serializers.DateTimeField()
    kind = serializers.CharField()
    text = serializers.CharField(help_text="The line as a sentence.")
    note = serializers.CharField(allow_blank=True, help_text="What a person wrote.")
    by = serializers.CharField(allow_blank=True, help_text="Who; empty for the system and towards tokens.")
    unit = serializers.CharField(allow_null=True)


class ContactOut(Out):
    """Who reported. Every look is on the case's timeline."""

    name = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    address = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True)
