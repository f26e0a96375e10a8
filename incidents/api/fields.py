"""Fields that say no to what REST framework would kindly turn into something else."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
PHONE = re.compile(r"\+?[0-9 ()\-.]{3,28}(?:(?:x|ext\.?|转|#) ?[0-9]{1,6})?", re.IGNORECASE)


class TextField(serializers.CharField):
    """Text as text: a number is not one, and neither is a string of blanks or invisible characters."""

    default_error_messages = {
        "invalid": _("This must be text."),
        "blank": _("This may not be empty."),
        "max_length": _("At most {max_length} characters."),
    }

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        if text and not any(letter.isprintable() and not letter.isspace() for letter in text):
            if not self.allow_blank:
                self.fail("blank")
            return ""
        return text


class CodeField(serializers.ChoiceField):
    """One of a closed list of codes. What was sent instead is not repeated: it may be a megabyte."""

    default_error_messages = {"invalid_choice": _("This is none of the known codes: {known}.")}

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str) or data not in self.choices:
            known = ", ".join(str(code) for code in self.choices)
            raise serializers.ValidationError(
                self.error_messages["invalid_choice"].format(known=known), code="unknown"
            )
        return data


@extend_schema_field({"type": "number", "format": "double"})
class DegreesField(serializers.Field[Any, Any, Any, Any]):
    """A coordinate, handed on as it came: grids.locate knows every way in which it can be wrong."""

    def to_internal_value(self, data: object) -> object:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class PhoneField(TextField):
    """A telephone number as people write it; a name in the number's place is refused."""

    default_error_messages = {"phone": _("This is not a telephone number.")}

    def to_internal_value(self, data: object) -> str:
        text = super().to_internal_value(data)
        if text and not PHONE.fullmatch(unicodedata.normalize("NFKC", text)):
            self.fail("phone")
        return text


class InstantField(serializers.DateTimeField):
    """An instant between 2000 and what the subclass allows; without an offset it is Beijing time."""

    default_error_messages = {
        "invalid": _("This must be a date and time as in 2026-07-04T09:30:00+08:00."),
        "date": _("This must be a date and time as in 2026-07-04T09:30:00+08:00."),
        "too_early": _("Nothing before the year 2000."),
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("invalid")
        at = super().to_internal_value(value)
        assert isinstance(at, datetime)
        if at < EARLIEST:
            self.fail("too_early")
        return at


@extend_schema_field({"type": "object", "additionalProperties": True})
class AttributesField(serializers.Field[Any, Any, Any, Any]):
    """What a source knows besides: a small JSON object, kept as it came."""

    default_error_messages = {
        "invalid": _("This must be an object."),
        "too_large": _("At most {max} bytes as JSON."),
        "too_deep": _("At most {max} levels deep."),
    }

    def __init__(self, *, max_bytes: int, max_depth: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_bytes, self.max_depth = max_bytes, max_depth

    def to_internal_value(self, data: object) -> Mapping[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        if _depth(data) > self.max_depth:
            self.fail("too_deep", max=self.max_depth)
        if len(orjson.dumps(data)) > self.max_bytes:
            self.fail("too_large", max=self.max_bytes)
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def refusal(field: str, code: str, message: object) -> ValidationError:
    """One field's error, to be raised where a rule concerns more than the field itself."""
    return ValidationError({field: [ErrorDetail(str(message), code=code)]})


class StrictSerializer(serializers.Serializer[Any]):
    """An input that names every field it knows, and refuses the rest: a typing error is not silence."""

    default_error_messages = {"invalid": _("This must be an object.")}
    _UNKNOWN_SHOWN = 20

    def to_internal_value(self, data: object) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError(self.error_messages["invalid"], code="invalid")
        unknown = [name for name in data if name not in self.fields]
        if not unknown:
            told: dict[str, Any] = super().to_internal_value(data)
            return told
        errors: dict[str, Any] = {
            str(name)[:60]: [ErrorDetail(str(_("There is no such field.")), code="unknown_field")]
            for name in unknown[: self._UNKNOWN_SHOWN]
        }
        try:
            super().to_internal_value(data)
        except serializers.ValidationError as error:
            errors.update(error.detail if isinstance(error.detail, dict) else {})
        raise serializers.ValidationError(errors)


@lru_cache(maxsize=64)
def _reader(input_class: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    return input_class()


def checked(input_class: type[serializers.Serializer[Any]], data: object) -> dict[str, Any]:
    """The input, validated; raises ValidationError.

    An input keeps nothing of what it checks, and building its fields costs several times what checking
    one report does: so each is built once and serves every request and row.
    """
    told: dict[str, Any] = _reader(input_class).run_validation(data)
    return told


def _depth(value: object) -> int:
    """Levels of objects and arrays; the parser has bounded them already."""
    if isinstance(value, dict):
        return 1 + max((_depth(inner) for inner in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(inner) for inner in value), default=0)
    return 0
