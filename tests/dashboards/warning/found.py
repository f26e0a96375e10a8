"""A warning as a sweep would have written it down, with cases that units have in hand."""

from datetime import timedelta
from itertools import count
from typing import Any

from dashboards.models import Warning, WarningCase
from tests.cast import TUESDAY
from tests.dashboards.facts import BUJI, PINGHU, PINGHU_COMMUNITY, case

HOUR = timedelta(hours=1)
_serial = count(1)


def found(cases: int = 3, **given: Any) -> Warning:
    """A burst of dead lamps in Pinghu, found two hours ago."""
    kind = given.get("kind", "burst")
    values: dict[str, Any] = {
        "kind": kind,
        "key": f"people {given.get('street_code', PINGHU)} {Warning.objects.count():04d}",
        "rule": f"{kind}/1",
        "street_code": PINGHU,
        "community_code": PINGHU_COMMUNITY,
        "domain_code": "02",
        "category_code": "0204",
        "unit_code": "lighting-company",
        "since": TUESDAY - 3 * HOUR,
        "until": TUESDAY,
        "found_at": TUESDAY - 2 * HOUR,
        "seen_at": TUESDAY,
        "window_hours": 3,
        "observed": 38,
        "expected": 4.2,
        "expected_low": 1,
        "expected_high": 8,
        "surprise": 9.5,
        "case_count": cases,
        "reporter_count": 38,
        "evidence": {
            "cells": [[PINGHU_COMMUNITY, "0204", 38, 4.2]],
            "hours": [[(TUESDAY - back * HOUR).isoformat(), 12 + back, 1.4] for back in (3, 2, 1)],
        },
    }
    warning = Warning.objects.create(**{**values, **given})
    WarningCase.objects.bulk_create(
        [
            WarningCase(
                warning=warning,
                incident=case(
                    number=f"20260101-{next(_serial):06d}",
                    street_code=warning.street_code or BUJI,
                    received_at=TUESDAY,
                ),
            )
            for _number in range(cases)
        ]
    )
    return warning
