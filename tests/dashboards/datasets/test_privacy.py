"""Nothing that tells who somebody is leaves: planted everywhere, found nowhere."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection, models
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import OrgUnit
from accounts.roles import Role
from dashboards.datasets import privacy
from dashboards.datasets.catalogue import ALL, AREAS, DURATIONS, EVENTS, WARNINGS
from dashboards.datasets.codes import CodeLists
from dashboards.datasets.definition import Cut
from dashboards.models import SnapshotFile, Warning
from dispatch.models import ResponsibilityItem
from grids.models import Area
from incidents import actions
from incidents.intake import Reporter
from incidents.models import Incident, Outcome, Report, Text
from tests.cast import TUESDAY, Person, file_report, person
from tests.dashboards.datasets.built import build, sheet
from tests.dashboards.datasets.conftest import NOON
from tests.dashboards.facts import DAY, case, fact
from tests.dashboards.warning.found import found
from tests.drawing import examples

# A name, a mobile, a landline, an identity card, a plate, an address down to the door, an e-mail.
SECRETS = (
    "欧阳建国",
    "13987654321",
    "0755-28901234",
    "440307198503124417",
    "粤B·8K7P2",
    "富康花园3栋2单元1204房",
    "jianguo@example.com",
)
WORDS = (
    f"我叫{SECRETS[0]},电话{SECRETS[1]}或{SECRETS[2]},身份证{SECRETS[3]},"
    f"车牌{SECRETS[4]},住{SECRETS[5]},邮箱{SECRETS[6]}"
)


def plant(rows: models.QuerySet[Any], *, but: Sequence[str] = ()) -> int:
    """Put a secret into every text column of these rows that the database lets us; how many columns."""
    planted = 0
    for field in rows.model._meta.concrete_fields:
        if not isinstance(field, (models.CharField, models.TextField)) or field.name in but:
            continue
        if field.primary_key or field.is_relation or field.choices or field.unique:
            continue
        # As much as the column holds of it: every secret short enough somewhere.
        room = field.max_length or len(WORDS)
        fitting = (
            WORDS if room >= len(WORDS) else max((s for s in SECRETS if len(s) <= room), key=len, default="")
        )
        if fitting:
            rows.update(**{field.name: fitting})
            planted += 1
    return planted


@pytest.mark.django_db
def test_what_is_planted_in_every_text_field_is_in_no_file_no_page_and_no_answer(
    handler: Person, supervisor: Person, leader: Person, client: Client
) -> None:
    reporter = Reporter(name=SECRETS[0], phone=SECRETS[1])
    case = file_report(address=SECRETS[5], reporter=reporter)
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY + timedelta(minutes=15))
    actions.resolve(
        number=case.number, outcome="solved", text=WORDS, attested=True, actor=handler.actor,
        at=TUESDAY + timedelta(hours=1),
    )  # fmt: skip
    file_report(text=WORDS, address=SECRETS[5], reporter=reporter, nature="tip_off")
    found(kind="theme", terms=[SECRETS[0], SECRETS[1]], evidence={"words": WORDS}, reporter_count=2)
    every = [Incident, Report, Text, Outcome, Warning, ResponsibilityItem, Area]
    planted = 0
    with connection.cursor() as cursor:
        # The database refuses changes of facts and of adopted lists: here it is told to look away.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for model in every:
            planted += plant(
                model._default_manager.all(), but=("number", "external_id", "tracking_code", "code")
            )
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert planted > 30
    assert Outcome.objects.filter(item_code__in=SECRETS).exists()

    # Weeks later, when the month is whole.
    snapshots = {one.dataset: one for one in build(at=NOON + timedelta(days=30))}
    assert all(one.rows for code, one in snapshots.items() if code != "scores")
    # What was no code is not told, and that something was kept back is.
    assert snapshots["events"].withheld
    for file in SnapshotFile.objects.all():
        with default_storage.open(file.name) as stored:
            holds_nothing(stored.read(), f"{file.name}")
    if_asked = person("data-owner", Role.STEWARD, "operations-centre")
    for who in (supervisor, if_asked):
        client.force_login(who.user, backend="django.contrib.auth.backends.ModelBackend")
        for dataset in ALL:
            for address in (f"/data/{dataset.code}/", f"/api/v1/datasets/{dataset.code}/rows/"):
                answer = client.get(address)
                if answer.status_code == 200:
                    holds_nothing(answer.content, address)


def holds_nothing(data: bytes, where: str) -> None:
    for secret in SECRETS:
        assert secret.encode() not in data, f"{secret} in {where}"
        bare = "".join(letter for letter in secret if letter.isalnum())
        assert bare.encode() not in data, f"{bare} in {where}"


@pytest.mark.django_db
def test_a_place_is_told_the_less_the_more_it_is_somebodys_own() -> None:
    """Public space to the cell, own affairs to the community, tip-offs and labour matters to the street."""
    places = {}
    for name, told in {
        "lamp": {},
        "noise at home": {"category": "0701"},
        "help": {"nature": "help"},
        "tip-off": {"nature": "tip_off"},
        "wages": {"category": "1501"},
        "letter": {"source": "letter_visit", "attributes": {"confidential": True}},
    }.items():
        case = file_report(**{"text": f"{name} 路灯不亮", **told})
        assert case.cell_code
        (row,) = [
            one for one in sheet(build(EVENTS, at=NOON)[0]) if one["event"] == privacy.Keys().of(case.number)
        ]
        places[name] = [len(row[one]) for one in ("street", "community", "cell")] + [row["received_hour"]]
    cell, community, street = [12, 12, 15, "10"], [12, 12, 0, "10"], [12, 0, 0, ""]
    assert places == {
        "lamp": cell, "noise at home": community, "help": community, "tip-off": street, "wages": street,
        "letter": street,
    }  # fmt: skip


@pytest.mark.django_db
def test_no_column_tells_more_of_a_protected_place_than_its_street() -> None:
    """Neither does the unit beside it: a community's station names the community."""
    station = OrgUnit.objects.get(code="pinghu/c002")
    fine = set(Area.objects.exclude(kind__in=["district", "street"]).values_list("code", flat=True))
    fine |= set(OrgUnit.objects.filter(area_code__in=fine).values_list("code", flat=True))
    assert station.code in fine
    held = {"owner_unit_id": station.code, "community_code": station.area_code}
    cases = {
        "lamp": case(**held),
        "tip-off": case(nature="tip_off", **held),
        "wages": case(category_id="1501", **held),
    }
    for one in cases.values():
        for kind in ("dispatched", "handled"):
            fact(one, kind, elapsed=60, working=60)
    place = {"community_code": station.area_code, "unit_code": station.code}
    found(cases=0, **place)
    found(cases=0, domain_code="15", category_code="", **place)
    events, durations, warnings = (sheet(one) for one in build(EVENTS, DURATIONS, WARNINGS, at=NOON))
    for rows in (events, durations):
        for name, one in cases.items():
            mine = [row for row in rows if row["event"] == privacy.Keys().of(one.number)]
            assert mine
            for row in mine:
                assert bool(fine.intersection(row.values())) == (name == "lamp")
                assert row["unit"] == (station.code if name == "lamp" else "pinghu")
    assert {row["domain"]: (row["community"], row["unit"]) for row in warnings} == {
        "02": (station.area_code, station.code), "15": ("", "pinghu"),
    }  # fmt: skip


@pytest.mark.django_db
def test_a_gate_holds_its_column_whatever_a_source_puts_there() -> None:
    cut = Cut(NOON, DAY)
    gate = privacy.Gate(AREAS.fields, CodeLists(), cut)
    row = ["13987654321", "street", f"联系人{SECRETS[0]}", SECRETS[1], None, 114.2, 22.7, 10]
    told = [column[0] for column in gate.through([[value] for value in row])]
    assert told[0] is None
    assert told[1] == "street"
    assert SECRETS[1] not in str(told)
    assert cut.withheld == {"area": 1, "name_zh": 1, "name_en": 1}
    with pytest.raises(ValueError, match="invalid literal"):
        gate.through([[value] for value in [*row[:-1], WORDS]])


# --- small groups ----------------------------------------------------------------------------------

LEAST = 5


@examples(150)
@given(
    st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=5), min_size=1, max_size=5).filter(
        lambda rows: len({len(row) for row in rows}) == 1
    )
)
def test_no_small_group_can_be_worked_out_from_totals(table: list[list[int]]) -> None:
    """Rows and columns of a table both add up to totals that are told."""
    sizes = {(i, j): size for i, row in enumerate(table) for j, size in enumerate(row)}
    rows = [[(i, j) for j in range(len(table[0]))] for i in range(len(table))]
    columns = [[(i, j) for i in range(len(table))] for j in range(len(table[0]))]
    hidden = privacy.too_small(sizes, [*rows, *columns], least=LEAST)
    assert {key for key, size in sizes.items() if 0 < size < LEAST} <= hidden
    assert all(sizes[key] for key in hidden)  # nothing is about nobody
    for part in (*rows, *columns):
        kept = sum(sizes[key] for key in part if key in hidden)
        # What is left when all that is told is taken off the total is as large as any group that is told,
        # or there is nothing else in it.
        assert not kept or kept >= LEAST or all(key in hidden or not sizes[key] for key in part)


def test_no_more_is_kept_back_than_it_takes() -> None:
    sizes = {"a": 3, "b": 9, "c": 40}
    assert privacy.too_small(sizes, [list(sizes)], least=LEAST) == {"a", "b"}
    assert privacy.too_small({"a": 5, "b": 0}, [["a", "b"]], least=LEAST) == set()
