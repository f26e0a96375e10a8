"""What staff see and keep: the page of alerts, the case, the rules, and the register of devices."""

import io
import re
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation

from config.simulation.sensing import prepare_sensors
from incidents.models import Alert, AlertDevice, AlertInhibition, AlertRule, AlertSetAside, Incident
from incidents.sensing import register
from incidents.sensing.aside import set_aside
from incidents.sensing.matchers import Matcher
from incidents.sensing.notice import Malformed
from incidents.sensing.problem_words import problem_words
from tests.browsers import As
from tests.cast import TUESDAY, Person
from tests.incidents.pages.conftest import now  # noqa: F401
from tests.incidents.sensing.conftest import Feed, notice

pytestmark = pytest.mark.django_db(transaction=True)


def page(client, tab: str = "", **query: str) -> str:
    answer = client.get(reverse("sensors"), {"tab": tab, **query})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def busy(feed: Feed, place: Callable[..., AlertDevice]) -> Incident:
    """A lamp burns, one that nobody knows flaps, a rule-less alert came, and a message made no sense."""
    place("L-1", name="植物园路 1 号灯")
    feed.fires("L-1", url="http://prometheus:9090/graph")
    feed.fires("L-1", minutes=1)
    for index in range(5):
        feed.fires("X-9", minutes=index)
        feed.clears("X-9", minutes=index + 0.5)
    feed.fires("L-1", "strange_kind", minutes=2)
    problem = Malformed("bad_state", "alerts.0.status")
    set_aside([(problem, b"<script>")], client=feed.client, channel="mqtt", origin="a/b", at=TUESDAY)
    return Incident.objects.get(alert_cases__alerts__key="L-1|lamp_fault")


def test_a_supervisor_sees_what_burns_and_what_nobody_has_explained(browse: As, supervisor, busy):
    client = browse(supervisor)
    burning = page(client)
    assert "植物园路 1 号灯" in burning
    assert reverse("case", args=[busy.number]) in burning
    assert "X-9" in page(client, "flapping")
    assert "strange_kind" in page(client, "unmapped")
    assert "X-9" in page(client, "devices")
    aside = page(client, "aside")
    assert "&lt;script&gt;" in aside
    with translation.override("zh-hans"):
        assert str(problem_words("bad_state")) in aside
    assert " checked" not in aside  # nothing is taken off by one careless key
    assert "植物园路" not in page(client, q="nothing like it")
    for tab in ("inhibited", "silent"):
        assert 'class="empty"' in page(client, tab)
    message = AlertSetAside.objects.get()
    client.post(reverse("sensors-seen"), {"message": [message.pk, "x"]})
    message.refresh_from_db()
    assert message.seen_by == supervisor.user
    AlertSetAside.objects.update(seen_at=None)
    client.post(reverse("sensors-seen"), {"shown": [message.pk], "all": "1"})
    assert not AlertSetAside.objects.filter(seen_at=None).exists()


def test_kinds_and_severities_are_words_and_every_cell_has_its_label_on_a_phone(
    browse: As, admin, supervisor, feed, place
):
    place("B-1", kind="bin")
    feed.fires("B-1", "bin_full", severity="critical")
    burning = page(browse(supervisor))
    assert "bin_full" not in burning
    for name in ("sensor-devices", "sensor-rules"):
        shown = browse(admin).get(reverse(name)).content.decode()
        rows = re.findall(r"<tr><td.*?</tr>", shown, re.DOTALL)
        assert rows
        for row in rows:
            assert row.count("<td") - row.count("data-label=") == 1  # the name speaks for itself


def test_a_streets_centre_sees_its_own_alerts_and_others_do_not_come_in(
    browse: As,
    street_supervisor: Person,
    handler,
    operator,
    admin,
    busy,
):
    own = page(browse(street_supervisor))
    assert "植物园路 1 号灯" not in own  # of another street
    Alert.objects.update(street_code=street_supervisor.user.memberships.get().unit.area_code)
    assert "植物园路 1 号灯" in page(browse(street_supervisor))
    assert 'name="message"' not in page(browse(street_supervisor), "aside")
    for stranger in (handler, operator):
        assert browse(stranger).get(reverse("sensors")).status_code == 403
    # An administrator keeps the rules and sees no case.
    assert reverse("case", args=[busy.number]) not in page(browse(admin))


def test_a_case_shows_its_alerts(browse: As, supervisor, busy):
    text = browse(supervisor).get(reverse("case", args=[busy.number])).content.decode()
    assert "data-alerts" in text
    assert "http://prometheus:9090/graph" in text


def test_the_page_costs_the_same_for_few_and_for_many(
    browse: As,
    supervisor,
    feed,
    place,
    django_assert_num_queries: Any,
):
    client = browse(supervisor)

    def burn(count: int) -> None:
        for index in range(count):
            place(f"L-{index}", lon=114.20 + index / 500)
        feed.says(*(notice(f"L-{index}") for index in range(count)))

    burn(3)
    page(client)
    with django_assert_num_queries(QUERIES):
        page(client)
    AlertDevice.objects.exclude(code__in=["L-0", "L-1", "L-2"]).delete()
    for index in range(3, 30):
        place(f"L-{index}", lon=114.20 + index / 500)
    feed.says(*(notice(f"L-{index}") for index in range(3, 30)))
    with django_assert_num_queries(QUERIES):
        page(client)


QUERIES = 19


def rule_form(**more: str) -> dict[str, str]:
    return {
        "name": "异常震动",
        "position": "5",
        "matchers": 'kind = "strange_kind"\nseverity != info',
        "category_code": "0204",
        "urgency": "urgent",
        "text": "震动报警：{name}",
        "makes_case": "on",
        "is_active": "on",
        **more,
    }


def test_an_administrator_writes_a_rule_and_the_next_alert_is_read_by_it(
    browse: As, admin, supervisor, feed, lamp
):
    client = browse(admin)
    assert client.get(reverse("sensor-rules")).status_code == 200
    assert client.post(reverse("sensor-rule-new"), rule_form()).status_code == 302
    rule = AlertRule.objects.get(name="异常震动")
    assert rule.matchers == [
        Matcher("kind", "=", "strange_kind").as_json(),
        Matcher("severity", "!=", "info").as_json(),
    ]
    assert (rule.closes_itself, rule.changed_by) == (False, admin.user)
    feed.fires("L-1", "strange_kind")
    incident = Incident.objects.get()
    assert incident.text.body.startswith("震动报警：植物园路 1 号灯")
    assert incident.urgency == "urgent"
    for wrong in (
        {"matchers": "kind ="},
        {"matchers": "kind =~ (a+)+"},
        {"category_code": "9999"},
        {"matchers": ""},
    ):
        expected = 302 if wrong == {"matchers": "kind ="} else 400
        assert client.post(reverse("sensor-rule", args=[rule.pk]), rule_form(**wrong)).status_code == expected
    assert browse(supervisor).get(reverse("sensor-rule", args=[rule.pk])).status_code == 403
    assert browse(supervisor).get(reverse("sensor-rules")).status_code == 200


def test_what_holds_others_back_must_say_where(browse: As, admin, feed, place):
    client = browse(admin)
    told = {
        "name": "x",
        "source_matchers": "kind = power_cut",
        "target_matchers": "kind = lamp_fault",
        "is_active": "on",
    }
    url = reverse("sensor-inhibition-new")
    assert client.post(url, told).status_code == 400  # it would silence the whole district
    place("P-1", lon=114.2)
    feed.fires("P-1", "power_cut_2")
    assert not Alert.objects.get().can_inhibit
    told |= {"source_matchers": "kind = power_cut_2", "equal": "area, street"}
    assert client.post(url, told).status_code == 302
    assert AlertInhibition.objects.get(name="x").equal == ["area", "street"]
    assert Alert.objects.get().can_inhibit  # what burns already counts


def sheet(*rows: list[Any], name: str = "devices.xlsx") -> SimpleUploadedFile:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile(name, out.getvalue())


HEAD = ["设备编码", "名称", "经度", "纬度", "坐标系", "上级设备", "权属", "告警规则"]


def test_devices_come_from_a_sheet_all_or_none(browse: As, admin, rules):
    client = browse(admin)
    url = reverse("sensor-sheet")
    good = [
        HEAD,
        ["L-1", "1 号灯", 114.26054, 22.76488, "", "CAB-1", "lighting-company", "路灯故障"],
        ["CAB-1", "1 号箱", 114.2656, 22.7622, "GCJ-02", "", "", ""],
    ]
    assert client.post(url, {"file": sheet(*good)}).status_code == 302
    lamp = AlertDevice.objects.get(code="L-1")
    assert (lamp.parent.code, lamp.owner_code, lamp.rule.name) == ("CAB-1", "lighting-company", "路灯故障")
    assert AlertDevice.objects.get(code="CAB-1").lon == pytest.approx(114.26054, abs=0.001)  # converted
    bad = [
        HEAD,
        ["L-2", "", 22.7, 114.2, "", "", "", ""],
        ["L-3", "", "", "", "", "L-4", "", ""],
        ["L-4", "", "", "", "", "L-3", "nobody", ""],
        ["L-1", "", 114.2, "", "", "", "", "no such rule"],
    ]
    answer = client.post(url, {"file": sheet(*bad)})
    assert answer.status_code == 400
    codes = {problem.code for problem in answer.context["problems"]}
    assert codes >= {"swapped", "unknown", "required"}
    assert AlertDevice.objects.count() == 2
    csv = SimpleUploadedFile("d.csv", "编号,名称\nL-1,改名\n".encode("gb18030"))
    assert client.post(url, {"file": csv}).status_code == 302
    lamp.refresh_from_db()
    assert (lamp.name, lamp.parent) == ("改名", None)
    for wrong in (b"", b"a,b\n1,2\n"):
        assert client.post(url, {"file": SimpleUploadedFile("x.csv", wrong)}).status_code == 400
    assert client.post(url).status_code == 400


def test_a_device_that_nobody_knew_gets_its_place(browse: As, admin, supervisor, feed):
    feed.fires("X-9")
    device = AlertDevice.objects.get()
    client, url = browse(admin), reverse("sensor-device", args=[device.pk])
    assert client.get(url).status_code == 200
    for wrong in ({"parent": "X-9"}, {"owner_code": "nobody"}, {"lon": "114.2"}, {"facility_code": "no"}):
        assert client.post(url, {"crs": "WGS-84", **wrong}).status_code == 400
    assert (
        client.post(url, {"crs": "WGS-84", "lon": "114.26054", "lat": "22.76488", "name": "9 号"}).status_code
        == 302
    )
    device.refresh_from_db()
    assert (device.lon, device.name) == (114.26054, "9 号")
    assert "X-9" not in page(client, "devices")
    assert browse(supervisor).get(url).status_code == 403
    assert "9 号" in browse(supervisor).get(reverse("sensor-devices"), {"q": "X-9"}).content.decode()


def test_no_sheet_makes_a_ring_through_devices_that_are_there_nor_stands_on_what_has_gone(
    browse: As, admin, rules
):
    client, url = browse(admin), reverse("sensor-sheet")
    tower = [HEAD, ["A", *[""] * 7], ["B", "", "", "", "", "A", "", ""], ["C", "", "", "", "", "B", "", ""]]
    assert client.post(url, {"file": sheet(*tower)}).status_code == 302
    answer = client.post(url, {"file": sheet(HEAD, ["A", "", "", "", "", "C", "", ""])})
    assert answer.status_code == 400
    assert [problem.code for problem in answer.context["problems"]] == ["ring"]
    assert AlertDevice.objects.get(code="A").parent is None
    # Read while its parent was there, written when that had gone.
    read = register.read_sheet(sheet(HEAD, ["D", "", "", "", "", "C", "", ""]).read())
    AlertDevice.objects.filter(code="C").delete()
    with pytest.raises(register.SheetChanged) as changed:
        register.import_devices(rows=read.rows, actor=admin.actor, at=TUESDAY)
    assert [problem.code for problem in changed.value.problems] == ["unknown"]
    assert not AlertDevice.objects.filter(code="D").exists()


def test_the_demo_s_devices_are_a_sheet_that_may_come_again(rules, admin):
    prepare_sensors(at=TUESDAY)
    found = AlertDevice.objects.count()
    assert found > 20
    prepare_sensors(at=TUESDAY)
    assert AlertDevice.objects.count() == found
