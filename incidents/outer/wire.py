"""What goes through the door, as bytes and back: frozen dataclasses by their annotations."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson

T = TypeVar("T")


def written(told: Any) -> bytes:
    """As JSON, always the same for the same; lazy texts in the language of the moment."""
    return orjson.dumps(told, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def plain(body: bytes) -> Any:
    return orjson.loads(body)


def read(kind: type[T], told: Any) -> T:
    """The value of that kind which was written so; raises ValueError, TypeError or KeyError for another."""
    found: T = _read(kind, told)
    return found


def _read(kind: Any, told: Any) -> Any:
    if kind is Any:
        return told
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if told is None else _read(next(one for one in inside if one is not type(None)), told)
    if origin is tuple:
        if inside[1:] == (...,):
            return tuple(_read(inside[0], one) for one in told)
        return tuple(_read(one, value) for one, value in zip(inside, told, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {name: _read(inside[1], value) for name, value in told.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(
            **{
                item.name: _read(hints[item.name], told[item.name])
                for item in fields(kind)
                if item.name in told
            }
        )
    if kind in (datetime, date):
        return kind.fromisoformat(told)
    if kind is UUID or (isinstance(kind, type) and issubclass(kind, Enum)):
        return kind(told)
    if kind is float:
        return float(told)
    if isinstance(kind, type) and not isinstance(told, kind):
        raise TypeError(f"{kind.__name__} expected, not {type(told).__name__}")
    return told


@lru_cache(maxsize=64)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
