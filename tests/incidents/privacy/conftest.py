"""A case with all that names who reported it, and what the tables still say of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from incidents import actions
from incidents.attachments import store_picture
from incidents.intake import Reporter
from incidents.models import Attachment, Incident
from tests.cast import TUESDAY, Person, file_report, reload
from tests.incidents.resident.conftest import picture, upload
from tests.incidents.resident.test_attachments import exif_of_a_phone

PHONE, NAME = "13812342207", "王小明"
DOOR = "翠园小区3栋1204房"
SAID = f"我是{NAME},家住{DOOR},电话{PHONE},门口第三根路灯坏了"
LATER = TUESDAY + timedelta(days=2)
YEARS = TUESDAY + timedelta(days=4 * 366)


@pytest.fixture(autouse=True)
def media(tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.ERASURES_FILE = tmp_path / "erasures.jsonl"


def over(operator: Person, **given: Any) -> Incident:
    """A case with everything that names who reported it, answered and closed two days later."""
    case = file_report(
        text=SAID,
        address=f"植物园路{DOOR}",
        reporter=Reporter(name=NAME, phone=PHONE, address=DOOR, email="wang@example.cn"),
        attributes={"note": f"找{NAME} {PHONE}", "floor": 12},
        **given,
    )
    kept = store_picture(upload(picture(exif=exif_of_a_phone().tobytes())), at=TUESDAY)
    Attachment.objects.filter(pk=kept.pk).update(report=case.links.get().report)
    actions.note(
        number=case.number, text=f"给{NAME}打过电话{PHONE},灯在路口", actor=operator.actor, at=TUESDAY
    )
    return close(case)


def close(case: Incident) -> Incident:
    Incident.objects.filter(pk=case.pk).update(
        status="closed", outcome="solved", closed_at=LATER, resolved_at=LATER, due_at=None, clock_kind=""
    )
    return reload(case)


def everything() -> str:
    """All that the tables hold as text, but what has to do with staff."""
    told = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(("incidents_", "dashboards_")):
                cursor.execute(f'SELECT string_agg(t::text, chr(10)) FROM "{table}" t')
                told.append(cursor.fetchone()[0] or "")
    return "\n".join(told)


def names_them(text: str) -> list[str]:
    return [word for word in (NAME, PHONE, "1204", "wang@example.cn") if word in text]
