"""GeoReport v2 as JSON Schema, written from the specification's tables: what a field is, which must be there.

Stricter than the specification where it says "must": no other field, instants with their offset.
"""

from typing import Any

_TEXT = {"type": "string", "minLength": 1}
_MAYBE = {"type": ["string", "null"]}
_INSTANT = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$",
}
_MAYBE_INSTANT = {"anyOf": [_INSTANT, {"type": "null"}]}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": [*required],
        "additionalProperties": False,
    }


SERVICES = {
    "type": "array",
    "minItems": 1,
    "items": _object(
        {
            "service_code": _TEXT,
            "service_name": _TEXT,
            "description": _TEXT,
            "metadata": {"type": "boolean"},
            "type": {"enum": ["realtime", "batch", "blackbox"]},
            "keywords": {"type": "string"},
            "group": _TEXT,
        }
    ),
}

_DATATYPES = ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
DEFINITION = _object(
    {
        "service_code": _TEXT,
        "attributes": {
            "type": "array",
            "items": _object(
                {
                    "variable": {"type": "boolean"},
                    "code": _TEXT,
                    "datatype": {"enum": _DATATYPES},
                    "required": {"type": "boolean"},
                    "datatype_description": _MAYBE,
                    "order": {"type": "integer", "minimum": 1},
                    "description": _TEXT,
                },
                {"values": {"type": "array", "minItems": 1, "items": _object({"key": _TEXT, "name": _TEXT})}},
            ),
        },
    }
)

_REQUEST: dict[str, Any] = {
    "service_request_id": _TEXT,
    "status": {"enum": ["open", "closed"]},
    "status_notes": _MAYBE,
    "service_name": _TEXT,
    "service_code": _TEXT,
    "description": {"type": ["string", "null"], "maxLength": 4000},
    "agency_responsible": _MAYBE,
    "service_notice": _MAYBE,
    "requested_datetime": _INSTANT,
    "updated_datetime": _INSTANT,
    "expected_datetime": _MAYBE_INSTANT,
    "address": _MAYBE,
    "address_id": _MAYBE,
    "zipcode": _MAYBE,
    "lat": {"type": ["number", "null"], "minimum": -90, "maximum": 90},
    "long": {"type": ["number", "null"], "minimum": -180, "maximum": 180},
    "media_url": _MAYBE,
}
REQUESTS = {"type": "array", "items": _object(_REQUEST)}
_NOTE = _object({"datetime": _INSTANT, "description": _TEXT, "type": _TEXT})
_PHOTO = _object(
    {"media_url": _TEXT, "title": _TEXT, "width": {"type": "integer"}, "height": {"type": "integer"}}
)
EXTENDED_REQUESTS = {
    "type": "array",
    "items": _object(
        {
            **_REQUEST,
            "extended_attributes": _object(
                {
                    "group": _TEXT,
                    "phase": _TEXT,
                    "outcome": _MAYBE,
                    "reports": {"type": "integer", "minimum": 1},
                    "duplicate_of": _MAYBE,
                    "photos": {"type": "array", "items": _PHOTO},
                }
            ),
            "notes": {"type": "array", "minItems": 1, "items": _NOTE},
        }
    ),
}

POSTED = {
    "type": "array",
    "minItems": 1,
    "maxItems": 1,
    "items": {
        "oneOf": [
            _object({named: _TEXT}, {"service_notice": _MAYBE, "account_id": _MAYBE})
            for named in ("service_request_id", "token")
        ]
    },
}
TOKENS = {
    "type": "array",
    "minItems": 1,
    "maxItems": 1,
    "items": _object({"service_request_id": _TEXT, "token": _TEXT}),
}
ERRORS = {
    "type": "array",
    "minItems": 1,
    "items": _object({"code": {"type": "integer"}, "description": _TEXT}),
}
DISCOVERY = _object(
    {
        "changeset": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}$"},
        "contact": _TEXT,
        "key_service": _TEXT,
        "endpoints": {
            "type": "array",
            "minItems": 1,
            "items": _object(
                {
                    "specification": {"const": "http://wiki.open311.org/GeoReport_v2"},
                    "url": {"type": "string", "pattern": "^https?://.*/open311/v2$"},
                    "changeset": _TEXT,
                    "type": {"enum": ["production", "test"]},
                    "formats": {"const": ["text/xml", "application/json"]},
                }
            ),
        },
    }
)
