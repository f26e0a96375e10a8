"""Units from a sheet: told before they are written, written as their page would, and none is closed."""

import io

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from accounts.audit.rows import AuditEvent
from accounts.models import OrgUnit
from tests.browsers import As
from tests.cast import LAMP_UNIT, Person
from tests.dispatch.sheets.sending import State, faults, press, send, sheet, taken, told

pytestmark = pytest.mark.django_db

HEAD = "单位编码,单位名称,英文名称,单位类型,上级单位,区划代码,状态"
DISTRICT = "440307000000"


@pytest.fixture
def office(browse: As, admin: Person) -> Client:
    return browse(admin)


def unit(code: str) -> OrgUnit:
    return OrgUnit.objects.get(pk=code)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_goes_out_comes_in_again_unchanged(office: Client, kind: str, language: str) -> None:
    keeping_path = unit("water-affairs").path
    OrgUnit.objects.filter(pk="water-affairs").update(name_zh="=1+1", is_open=False)
    headers = {"accept-language": language}
    answer = office.get(reverse("units-export", args=[kind]), headers=headers)
    data = taken(answer.streaming_content)  # type: ignore[arg-type]
    assert answer["Content-Disposition"] == f'attachment; filename="units.{kind}"'
    if kind == "csv":
        assert "'=1+1" in data.decode()
    else:
        cells = [row[1] for row in load_workbook(io.BytesIO(data)).active.iter_rows()]  # type: ignore[union-attr]
        assert [cell.data_type for cell in cells if cell.value == "=1+1"] == ["s"]
    assert AuditEvent.objects.filter(kind=AuditEvent.Kind.EXPORT, about="units-export").count() == 1
    run = send(office, "units", data, name=f"units.{kind}")
    assert (run.problems, run.counts["kept"]) == ([], OrgUnit.objects.count())
    assert "import-apply" not in office.get(reverse("register-import", args=[run.pk])).content.decode()
    assert unit("water-affairs").path == keeping_path


def test_units_are_added_named_and_moved_below_what_is_new(office: Client, admin: Person) -> None:
    below = unit(LAMP_UNIT)
    run = send(
        office,
        "units",
        sheet(
            HEAD,
            f"night-team,夜间班组,Night team,区级部门,城市照明处,{DISTRICT},",
            f"lighting-bureau,城市照明处,Lighting bureau,district_department,district,{DISTRICT},启用",
            f"{LAMP_UNIT},路灯公司,,,lighting-bureau,,",
        ),
    )
    assert faults(run) == []
    assert (run.counts["added"], run.counts["changed"], run.counts["kept"]) == (2, 1, 0)
    assert told(run)[-1] == (
        "changed",
        4,
        LAMP_UNIT,
        [["name_zh", below.name_zh, "路灯公司"], ["parent", "district", "lighting-bureau"]],
    )
    page = office.get(reverse("register-import", args=[run.pk]), headers={"accept-language": "zh-hans"})
    assert f"<del>{below.name_zh}</del>" in page.content.decode()
    assert unit(LAMP_UNIT).name_zh == below.name_zh  # nothing is written yet
    assert press(office, run).state == State.APPLIED
    assert unit(LAMP_UNIT).path == "district>lighting-bureau>lighting-company"
    assert unit("night-team").path == "district>lighting-bureau>night-team"
    line = AuditEvent.objects.filter(about_kind="unit", about=LAMP_UNIT).latest("pk")
    assert (line.user_id, line.details["reason"]) == (admin.user.pk, "sheet.csv")
    # Twice the button, then the same file once more: nothing happens.
    assert press(office, run).state == State.APPLIED
    again = send(office, "units", sheet(HEAD, f"{LAMP_UNIT},路灯公司,,,城市照明处,,"))
    assert (again.counts["kept"], again.counts["changed"]) == (1, 0)


def test_two_that_change_places_do_it_in_the_right_order(office: Client) -> None:
    send_one = sheet(
        HEAD,
        f"upper,上级处,Upper,区级部门,district,{DISTRICT},",
        f"lower,下级科,Lower,区级部门,upper,{DISTRICT},",
        f"lowest,末级科,Lowest,区级部门,lower,{DISTRICT},",
    )
    press(office, send(office, "units", send_one))
    run = send(office, "units", sheet(HEAD, "upper,,,,lower,,", "lower,,,,district,,"))
    assert faults(run) == []
    press(office, run)
    paths = ["district>lower", "district>lower>lowest", "district>lower>upper"]
    assert [unit(code).path for code in ("lower", "lowest", "upper")] == paths


def test_what_cannot_be_is_told_at_its_cell_and_nothing_is_written(office: Client) -> None:
    OrgUnit.objects.filter(pk="water-affairs").update(is_open=False)
    before = list(OrgUnit.objects.order_by("pk").values())
    run = send(
        office,
        "units",
        sheet(
            HEAD,
            f"Big Letters,名,Name,企业,district,{DISTRICT},",
            f"one,一,One,飞碟,district,{DISTRICT},",
            f"two,二,Two,企业,没有这个单位,{DISTRICT},",
            "three,三,Three,企业,district,12,",
            f"four,,Four,企业,district,{DISTRICT},",
            f"five,五,Five,区,district,{DISTRICT},",
            f"six,六,Six,企业,water-affairs,{DISTRICT},",
            f"seven,七,Seven,企业,seven,{DISTRICT},",
            "district,,,企业,,,",
            "operations-centre,,,,housing,,",
            "water-affairs,,,,,,启用",
            f"{LAMP_UNIT},,,,,,撤并",
            f"{LAMP_UNIT},路灯,,,,,",
            "housing,,,,,,也许",
            f",,,企业,district,{DISTRICT},",
        ),
    )
    assert faults(run) == [
        (2, "code"),
        (3, "kind"),
        (4, "parent"),
        (5, "area"),
        (6, "name_zh"),
        (7, "kind"),
        (8, "parent"),
        (9, "parent"),
        (10, "kind"),
        (11, "parent"),
        (12, "state"),
        (13, "state"),
        (14, "code"),
        (15, "state"),
        (16, "code"),
    ]
    assert press(office, run).state == State.CHECKED
    assert list(OrgUnit.objects.order_by("pk").values()) == before
    answer = office.get(reverse("register-import-problems", args=[run.pk]))
    assert taken(answer.streaming_content).count(b"\n") == 16  # type: ignore[arg-type]


def test_a_preview_of_before_somebody_else_s_change_is_not_written(office: Client) -> None:
    run = send(office, "units", sheet(HEAD, f"{LAMP_UNIT},路灯公司,,,,,"))
    OrgUnit.objects.filter(pk=LAMP_UNIT).update(name_zh="照明公司")
    assert press(office, run).state == State.CHECKED
    assert run.counts["is_other"]
    assert unit(LAMP_UNIT).name_zh == "照明公司"
    assert told(run)[0][3] == [["name_zh", "照明公司", "路灯公司"]]  # what it would do now
    assert press(office, run).state == State.APPLIED
    assert unit(LAMP_UNIT).name_zh == "路灯公司"


def test_a_change_of_what_the_sheet_does_not_touch_holds_up_nobody(office: Client) -> None:
    run = send(office, "units", sheet(HEAD, f"{LAMP_UNIT},路灯公司,,,,,"))
    OrgUnit.objects.filter(pk="bus-group").update(name_zh="别的名称")
    assert press(office, run).state == State.APPLIED


def test_only_the_system_administrator_keeps_them(browse: As, security: Person, steward: Person) -> None:
    for who in (security, steward):
        client = browse(who)
        assert client.get(reverse("units-export", args=["csv"])).status_code == 403
        assert client.get(reverse("register-import-begin", args=["units"])).status_code == 403


def test_a_file_of_another_kind_is_nowhere(office: Client) -> None:
    assert office.get(reverse("units-export", args=["pdf"])).status_code == 404
