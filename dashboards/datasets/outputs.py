"""What the API answers about data sets."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request

from dashboards.datasets import shown
from dashboards.datasets.shown import Entry
from dashboards.models import DataRequest, DataRule


class DataFileOut(serializers.Serializer[Any]):
    """A file of the newest snapshot."""

    format = serializers.ChoiceField(choices=["csv", "parquet"])
    url = serializers.URLField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()


class DataSnapshotOut(serializers.Serializer[Any]):
    """When it was read, and what is in it."""

    id = serializers.IntegerField()
    cut_at = serializers.DateTimeField(help_text="everything until then is in it, nothing later")
    rows = serializers.IntegerField()
    suppressed = serializers.IntegerField(help_text="rows whose figures are empty because the group is small")
    stale = serializers.BooleanField(help_text="there should be a newer one by now")
    by_domain = serializers.DictField(child=serializers.IntegerField(), help_text="rows of each domain")
    files = DataFileOut(many=True)


class DataSetSummaryOut(serializers.Serializer[Any]):
    """An entry of the catalogue."""

    code = serializers.CharField()
    version = serializers.IntegerField(help_text="of the schema")
    topic = serializers.CharField()
    name = serializers.CharField()
    about = serializers.CharField()
    owner_unit = serializers.CharField()
    licence = serializers.CharField(help_text="open, internal or purpose")
    access = serializers.ChoiceField(choices=DataRule.Mode.choices, help_text="who may have it unasked")
    yours = serializers.BooleanField(help_text="may you have it?")
    until = serializers.DateTimeField(allow_null=True, help_text="until when, where it was granted")
    downloads = serializers.IntegerField(help_text="in the last 30 days, by anybody")
    snapshot = DataSnapshotOut(allow_null=True)
    url = serializers.URLField()
    rows_url = serializers.URLField()


class DataSetsOut(serializers.Serializer[Any]):
    """The catalogue."""

    results = DataSetSummaryOut(many=True)


class DataCodeOut(serializers.Serializer[Any]):
    """A word of a code list."""

    code = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()


class DataCodeListOut(serializers.Serializer[Any]):
    """The words of a field: here, or where a long list is a data set of its own."""

    dataset = serializers.CharField(allow_blank=True)
    field = serializers.CharField(allow_blank=True)
    values = DataCodeOut(many=True)


class DataFieldOut(serializers.Serializer[Any]):
    """A field. Its name and type stay as long as the version is served."""

    name = serializers.CharField()
    type = serializers.ChoiceField(choices=["text", "integer", "number", "boolean", "date"])
    unit = serializers.CharField(allow_blank=True)
    meaning = serializers.CharField()
    rule = serializers.CharField(help_text="by which rule it leaves: code, key, official, figure or small")
    key = serializers.BooleanField(help_text="part of what no two rows share")
    codes = DataCodeListOut(allow_null=True)


class DataSetOut(DataSetSummaryOut):
    """A data set with its fields."""

    terms = serializers.CharField(help_text="what the licence asks of you")
    left_out = serializers.ListField(child=serializers.CharField())
    fields_ = DataFieldOut(many=True)
    versions = serializers.ListField(child=serializers.IntegerField(), help_text="that are served")
    sunset = serializers.DateField(allow_null=True, help_text="the day on which this version ends")

    def get_fields(self) -> dict[str, Any]:
        told = super().get_fields()
        # A serializer's own `fields` is something else.
        told["fields"] = told.pop("fields_")
        return told


class DataRowsOut(serializers.Serializer[Any]):
    """A page of rows, typed as the fields are."""

    dataset = serializers.CharField()
    version = serializers.IntegerField()
    snapshot = serializers.IntegerField()
    cut_at = serializers.DateTimeField()
    rows = serializers.IntegerField(help_text="of the whole snapshot")
    next = serializers.URLField(allow_null=True)
    results = serializers.ListField(child=serializers.DictField())


class DataRequestOut(serializers.Serializer[Any]):
    """What somebody asked for, and how it stands."""

    id = serializers.IntegerField()
    dataset = serializers.CharField()
    state = serializers.ChoiceField(choices=DataRequest.State.choices)
    by = serializers.CharField()
    unit = serializers.CharField()
    system = serializers.CharField(allow_null=True)
    purpose = serializers.CharField()
    days = serializers.IntegerField()
    at = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.CharField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class DataRequestsOut(serializers.Serializer[Any]):
    """Requests, the newest first."""

    results = DataRequestOut(many=True)


def summary(entry: Entry, request: Request) -> dict[str, Any]:
    """An entry as the catalogue tells it."""
    dataset = entry.dataset
    return {
        "code": dataset.code,
        "version": dataset.version,
        "topic": dataset.topic,
        "name": str(dataset.name),
        "about": str(dataset.about),
        "owner_unit": dataset.owner_unit,
        "licence": dataset.licence,
        "access": entry.access.mode.value,
        "yours": entry.standing.may_have,
        "until": entry.standing.until,
        "downloads": entry.counts["downloads"],
        "snapshot": _snapshot(entry, request),
        "url": request.build_absolute_uri(reverse("api-dataset", args=[dataset.code])),
        "rows_url": request.build_absolute_uri(reverse("api-dataset-rows", args=[dataset.code])),
    }


def _snapshot(entry: Entry, request: Request) -> dict[str, Any] | None:
    made = entry.snapshot
    if made is None:
        return None
    return {
        "id": made.pk,
        "cut_at": made.cut_at,
        "rows": made.rows,
        "suppressed": made.suppressed,
        "stale": entry.is_stale,
        "by_domain": made.by_domain,
        "files": [
            {
                "format": file.format,
                "url": request.build_absolute_uri(
                    reverse("api-dataset-file", args=[entry.dataset.code, file.format])
                ),
                "size": file.size,
                "sha256": file.sha256,
            }
            for file in entry.files
        ],
    }


def detail(entry: Entry, request: Request) -> dict[str, Any]:
    """An entry with its fields."""
    dataset = entry.dataset
    return {
        **summary(entry, request),
        "terms": str(entry.licence[1]),
        "left_out": [str(words) for words in dataset.left_out],
        "fields": [
            {
                "name": one.name,
                "type": one.kind,
                "unit": str(one.unit),
                "meaning": str(one.meaning),
                "rule": one.rule,
                "key": one.name in dataset.key,
                "codes": shown.code_list(one),
            }
            for one in dataset.fields
        ],
        "versions": sorted({dataset.version, *(one.version for one in entry.others)}),
        "sunset": dataset.sunset,
    }


def request(row: DataRequest) -> dict[str, Any]:
    """A request as those who may see it see it."""
    return {
        "id": row.pk,
        "dataset": row.dataset,
        "state": row.state,
        "by": str(row.by),
        "unit": row.unit_id,
        "system": row.client.name if row.client else None,
        "purpose": "" if row.purpose.erased_at else row.purpose.body,
        "days": row.days,
        "at": row.at,
        "until": row.until,
        "decided_by": str(row.decided_by) if row.decided_by else None,
        "decided_at": row.decided_at,
    }
