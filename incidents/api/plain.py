"""Reading input that is plainly right: the serializer's own answer in a tenth of its time, or none at all.

Whatever is not plain (blanks around a text, a field that nobody knows, a code out of its list) is left to the
serializer, which knows every rule and says which one was broken. So there is no message here, and no rule
that the serializer does not have: lengths, codes and what is required are read off its fields.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from incidents.api.fields import (
    PHONE,
    CodeField,
    DegreesField,
    PhoneField,
    StrictSerializer,
    TextField,
    checked,
)

# What the reader below knows of a text; NUL and halves of characters the JSON parser has refused already.
_KNOWN_RULES = (MaxLengthValidator, ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator)

Take = Callable[[Any], Any]


class NotPlain(Exception):
    """The serializer has to look at it."""


def checked_quickly(input_class: type[StrictSerializer], data: object) -> Mapping[str, Any]:
    """What `checked` answers; raises ValidationError like it."""
    try:
        return _reader(input_class).read(data)
    except (NotPlain, ValidationError):
        return checked(input_class, data)


class PlainReader:
    """Reads objects as one serializer does."""

    def __init__(self, serializer: StrictSerializer) -> None:
        self.validate = serializer.validate
        self.takes = {name: _take(serializer, name, field) for name, field in serializer.fields.items()}
        self.nullable = {name for name, field in serializer.fields.items() if field.allow_null}
        self.required = [name for name, field in serializer.fields.items() if field.required]
        self.defaults = {
            name: field.default for name, field in serializer.fields.items() if field.default is not empty
        }

    def read(self, data: object) -> dict[str, Any]:
        """The validated object; raises NotPlain or ValidationError where it may not be right."""
        if type(data) is not dict:
            raise NotPlain
        told = dict(self.defaults)
        takes = self.takes
        for name, value in data.items():
            take = takes.get(name)
            if take is None or (value is None and name not in self.nullable):
                raise NotPlain
            told[name] = None if value is None else take(value)
        if any(name not in told for name in self.required):
            raise NotPlain
        validated: dict[str, Any] = self.validate(told)
        return validated


@cache
def _reader(input_class: type[StrictSerializer]) -> PlainReader:
    return PlainReader(input_class())


def _take(serializer: StrictSerializer, name: str, field: serializers.Field[Any, Any, Any, Any]) -> Take:
    """How a value of this field is read."""
    if hasattr(serializer, f"validate_{name}"):
        raise TypeError(f"{name}: a rule of the serializer's own is not read here")
    if type(field) in (TextField, PhoneField) and all(
        isinstance(rule, _KNOWN_RULES) for rule in field.validators
    ):
        assert isinstance(field, TextField)
        text = _text(field.max_length or 0)
        return _phone(text) if isinstance(field, PhoneField) else text
    if type(field) is CodeField:
        return _code(frozenset(field.choices))
    if type(field) is DegreesField:
        return _as_it_is
    if isinstance(field, StrictSerializer) and not field.validators:
        return PlainReader(field).read
    return field.run_validation


def _text(longest: int) -> Take:
    def take(value: Any) -> str:
        # Nothing to cut off, and something to be seen: the first character is no blank, and printable.
        if (
            type(value) is str
            and 0 < len(value) <= longest
            and value.strip() == value
            and value[0].isprintable()
        ):
            return value
        raise NotPlain

    return take


def _phone(text: Take) -> Take:
    def take(value: Any) -> str:
        told: str = text(value)
        if told.isascii() and PHONE.fullmatch(told):
            return told
        raise NotPlain

    return take


def _code(known: frozenset[Any]) -> Take:
    def take(value: Any) -> str:
        if type(value) is str and value in known:
            return value
        raise NotPlain

    return take


def _as_it_is(value: Any) -> Any:
    return value
