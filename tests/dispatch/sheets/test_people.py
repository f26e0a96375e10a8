"""People from a sheet: every rule of their own page holds, and nobody gets a password by it."""

import io
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.audit.rows import AuditEvent
from accounts.models import Membership, OrgUnit, User
from accounts.people import keeping
from accounts.roles import Role
from dispatch.models import RegisterImport
from dispatch.registers import people, runs
from incidents.privacy import ageing
from tests.browsers import As
from tests.cast import LAMP_UNIT, Person, person
from tests.dispatch.sheets.sending import State, faults, press, send, sheet, taken, told

pytestmark = pytest.mark.django_db

HEAD = "用户名,姓名,单位,角色,电话,状态"
NUMBER = "13812342207"


@pytest.fixture
def office(browse: As, security: Person) -> Client:
    return browse(security)


def user(name: str) -> User:
    return User.objects.get(username=name)


def held(name: str) -> set[tuple[str, str]]:
    return {(row.unit_id, row.role) for row in user(name).memberships.all()}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_goes_out_comes_in_again_unchanged(
    office: Client, handler: Person, security: Person, kind: str, language: str
) -> None:
    User.objects.filter(pk=handler.user.pk).update(phone=NUMBER, display_name="=cmd|x")
    Membership.objects.create(user=handler.user, unit_id="operations-centre", role=Role.SUPERVISOR)
    Membership.objects.create(user=handler.user, unit_id=LAMP_UNIT, role=Role.LEADER)
    answer = office.get(reverse("people-export", args=[kind]), headers={"accept-language": language})
    data = taken(answer.streaming_content)  # type: ignore[arg-type]
    if kind == "csv":
        text = data.decode("utf-8-sig")
        assert text.startswith(("导出", "Taken out by")) or security.user.username in text.splitlines()[0]
        assert "'=cmd|x" in text
        assert NUMBER not in text
        assert "138****2207" in text
    else:
        cells = [cell for row in load_workbook(io.BytesIO(data)).active.iter_rows() for cell in row]  # type: ignore[union-attr]
        assert [cell.data_type for cell in cells if cell.value == "=cmd|x"] == ["s"]
        assert NUMBER not in [cell.value for cell in cells]
    line = AuditEvent.objects.get(kind=AuditEvent.Kind.EXPORT)
    assert (line.user_id, line.about, line.details["people"]) == (
        security.user.pk,
        "people-export",
        User.objects.count(),
    )
    run = send(office, "people", data, name=f"people.{kind}")
    assert (run.problems, run.counts["kept"]) == ([], User.objects.count())
    assert user("handler").phone == NUMBER


def test_people_are_added_changed_and_switched_off_with_the_reason(
    office: Client, handler: Person, security: Person
) -> None:
    gone = person("gone", Role.PATROL, LAMP_UNIT)
    theirs = Client()
    theirs.force_login(gone.user)
    run = send(
        office,
        "people",
        sheet(
            HEAD,
            f"wang.fang,王  芳,路灯养护公司,处置员;督办员@operations-centre,{NUMBER},",
            "ｚｈａｏ,赵,,,,",
            f"HANDLER,黄志强,{LAMP_UNIT},handler、leader,13900001111,",
            "gone,,,,,离职",
        ),
    )
    assert faults(run) == []
    assert (run.counts["added"], run.counts["changed"], run.counts["retired"]) == (2, 2, 1)
    assert NUMBER not in str(run.sample)
    assert told(run)[2] == (
        "changed",
        4,
        "handler",
        [
            ["phone", "", "139****1111"],
            ["roles", f"handler@{LAMP_UNIT}", f"handler@{LAMP_UNIT}; leader@{LAMP_UNIT}"],
        ],
    )
    page = office.get(reverse("people-sheet-run", args=[run.pk])).content.decode()
    assert "139****1111" in page
    assert User.objects.count() == 3
    assert press(office, run).state == State.APPLIED
    wang = user("wang.fang")
    assert (wang.display_name, wang.phone, wang.has_usable_password()) == ("王 芳", NUMBER, False)
    assert held("wang.fang") == {(LAMP_UNIT, "handler"), ("operations-centre", "supervisor")}
    assert user("zhao").memberships.count() == 0
    assert held("handler") == {(LAMP_UNIT, "handler"), (LAMP_UNIT, "leader")}
    assert not user("gone").is_active
    assert theirs.get(reverse("nothing")).status_code == 302  # signed out
    assert (run.data, run.sample) == (None, [])  # nothing of anybody is kept
    lines = AuditEvent.objects.filter(what__in=("person", "membership"), user=security.user)
    assert [line.what for line in lines].count("person") == 4  # two are new, one is called at another number
    assert {line.details.get("reason") for line in lines} == {"order 7"}
    # What the button leads to: who has no password yet, and a password on their page.
    new = office.get(reverse("people"), {"state": "new"}).context["page"].object_list
    assert {one.username for one in new} == {"wang.fang", "zhao"}
    handed = office.post(reverse("person-password", args=[wang.pk]), {"reason": "first day"})
    assert b'id="first-password"' in handed.content
    # The same file once more changes nothing.
    again = send(office, "people", sheet(HEAD, f"gone,,,,,停用\nwang.fang,王 芳,,,{NUMBER},启用"))
    assert (again.counts["kept"], again.problems) == (2, [])


def test_what_a_person_s_page_refuses_a_sheet_refuses_too(
    office: Client, admin: Person, auditor: Person, handler: Person, security: Person
) -> None:
    OrgUnit.objects.filter(pk="water-affairs").update(is_open=False)
    Membership.objects.create(user=handler.user, unit_id="bus-group", role="handler", by_provider=True)
    before = list(Membership.objects.order_by("pk").values())
    run = send(
        office,
        "people",
        sheet(
            HEAD,
            "a b,甲,,,,",
            "two,乙,没有这个单位,处置员,,",
            f"three,丙,{LAMP_UNIT},飞行员,,",
            "four,丁,,处置员,,",
            f"five,戊,{LAMP_UNIT},,,",
            "six,己,,,打电话,",
            "seven,庚,,,138****2207,",
            "eight,辛,,,,离职",
            "nine,壬,区水务局,处置员,,",
            f"ten,癸,{LAMP_UNIT},安全管理员、系统管理员,,",
            f"eleven,子,{LAMP_UNIT},审计管理员、处置员,,",
            f"handler,,{LAMP_UNIT},处置员,,",
            f"security,,{LAMP_UNIT},处置员,,停用",
            "admin,,,,,停用",
            "auditor,,,-,,",
            "ADMIN,又一个,,,,",
            ",无名,,,,",
        ),
    )
    assert faults(run) == [
        (2, "username"),
        (3, "unit"),
        (4, "roles"),
        (5, "unit"),
        (6, "roles"),
        (7, "phone"),
        (8, "phone"),
        (9, "state"),
        (10, "roles"),
        (11, "roles"),
        (12, "roles"),
        (13, "roles"),
        (14, "roles"),
        (14, "state"),
        (15, "state"),
        (16, "roles"),
        (17, "username"),
    ]
    assert press(office, run).state == State.CHECKED
    assert list(Membership.objects.order_by("pk").values()) == before
    assert b"\r\n" in taken(
        office.get(reverse("people-sheet-run-problems", args=[run.pk])).streaming_content  # type: ignore[arg-type]
    )


def test_the_last_administrator_goes_once_the_sheet_has_another(office: Client, admin: Person) -> None:
    home = "government-services"
    run = send(office, "people", sheet(HEAD, "admin,,,-,,", f"next,新,{home},系统管理员,,"))
    assert faults(run) == []
    assert press(office, run).state == State.APPLIED
    assert (held("admin"), held("next")) == (set(), {(home, "admin")})


def test_a_preview_of_before_somebody_else_s_change_is_not_written(office: Client, handler: Person) -> None:
    run = send(office, "people", sheet(HEAD, "handler,黄强,,,,"))
    User.objects.filter(pk=handler.user.pk).update(display_name="黄小强")
    assert press(office, run).state == State.CHECKED
    assert run.counts["is_other"]
    assert user("handler").display_name == "黄小强"
    assert press(office, run).state == State.APPLIED
    assert user("handler").display_name == "黄强"


def test_who_is_changed_between_the_look_and_the_lock_is_looked_at_anew(
    office: Client, handler: Person, security: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = send(office, "people", sheet(HEAD, "handler,黄强,,,,"))
    write = people.write

    def late(*given: object, **more: object) -> int:
        monkeypatch.setattr(people, "write", write)
        User.objects.filter(pk=handler.user.pk).update(phone="110")
        return write(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(people, "write", late)
    assert press(office, run).state == State.CHECKED
    assert user("handler").display_name == "黄志强"


def test_only_the_security_administrator_sees_any_of_it(
    browse: As, office: Client, admin: Person, steward: Person
) -> None:
    run = send(office, "people", sheet(HEAD, "new,新,,,,"))
    for who in (admin, steward):
        client = browse(who)
        for name, given in (
            ("people-sheet", []),
            ("people-export", ["csv"]),
            ("people-sheet-run", [run.pk]),
            ("people-sheet-run-problems", [run.pk]),
        ):
            assert client.get(reverse(name, args=given)).status_code == 403
        assert client.post(reverse("people-sheet-run-apply", args=[run.pk])).status_code == 403
        assert client.get(reverse("register-import", args=[run.pk])).status_code == 404
        assert client.post(reverse("register-import-apply", args=[run.pk])).status_code == 404
        assert client.get(reverse("register-import-begin", args=["people"])).status_code == 404
    assert not User.objects.filter(username="new").exists()


def test_who_lost_the_role_meanwhile_writes_nothing_by_the_worker(
    office: Client, security: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = send(office, "people", sheet(HEAD, "new,新,,,,"))
    monkeypatch.setattr(runs, "_AT_ONCE_DEEDS", 0)
    assert press(office, run).state == State.APPLYING
    person("other-security", Role.SECURITY, "government-services")
    security.user.memberships.all().delete()
    assert runs.work_next(at=timezone.now())
    run.refresh_from_db()
    assert run.state == State.FAILED
    assert not User.objects.filter(username="new").exists()


def test_what_a_worker_writes_is_in_the_log_as_the_administrator_s(
    office: Client, security: Person, handler: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = send(office, "people", sheet(HEAD, f"handler,,{LAMP_UNIT},处置员、领导,,"))
    monkeypatch.setattr(runs, "_AT_ONCE_DEEDS", 0)
    press(office, run)
    assert runs.work_next(at=timezone.now())
    line = AuditEvent.objects.filter(what="membership", about=str(handler.user.pk)).latest("pk")
    assert (line.user_id, line.details["reason"]) == (security.user.pk, "order 7")


def test_a_sheet_without_a_reason_or_a_heading_is_refused(office: Client) -> None:
    answer = office.post(reverse("people-sheet"), {"reason": ""})
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"file", "reason"}
    assert send(office, "people", b"a,b\n1,2\n").state == State.FAILED
    assert not RegisterImport.objects.exclude(state=State.FAILED).exists()


def test_a_switched_off_or_lapsed_administrator_is_none_that_is_left(office: Client, admin: Person) -> None:
    """The page's own rule: somebody whose provider is silent cannot act."""
    spare = person("spare", Role.ADMIN, "government-services")
    Membership.objects.filter(user=spare.user).update(by_provider=True)
    take = reverse("person-role-take", args=[admin.user.pk, admin.user.memberships.get().pk])
    assert office.post(take, {"reason": "leaves"}).status_code == 400
    assert admin.user.memberships.exists()
    assert keeping.standing()[Role.ADMIN] == {(admin.user.pk, "government-services")}


def test_sheets_that_nobody_writes_are_forgotten_by_the_hourly_sweep(office: Client) -> None:
    run = send(office, "people", sheet(HEAD, "new,新,,,13800138000,"))
    assert run.state == State.CHECKED
    now = timezone.now()
    ageing.forget_the_rest(at=now + timedelta(days=6))
    assert RegisterImport.objects.exists()
    ageing.forget_the_rest(at=now + timedelta(days=8))
    assert not RegisterImport.objects.exists()


def test_of_a_sheet_that_is_dropped_or_fails_nobody_is_kept(
    office: Client, security: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object, **_more: object) -> None:
        raise DatabaseError("away")

    dropped = send(office, "people", sheet(HEAD, "new,新,,,13800138000,"))
    assert dropped.sample
    runs.drop(run=dropped, by=security.user, at=timezone.now())
    failed = send(office, "people", sheet(HEAD, "new,新,,,13800138000,"))
    with monkeypatch.context() as patch:
        patch.setattr("dispatch.registers.people.write", broken)
        press(office, failed)
    for run in (dropped, failed):
        run.refresh_from_db()
        assert (run.data, run.sample, run.problems) == (None, [], [])
    assert failed.state == State.FAILED
