"""Each kind of line is really written by the flow that it names, with who, from where and about what."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import FileResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from accounts.audit import words
from accounts.audit.acting import audited
from accounts.audit.rows import AuditEvent
from accounts.models import ApiClient, Membership, OldToken, OrgUnit, User
from accounts.roles import Role
from accounts.systems import keeping
from dispatch.models import ListEvent, ResponsibilityList
from grids.coding import make_codes, restore_code, retire_code
from grids.models import Area, PlaceCode
from incidents.models import ClockRule, Incident
from incidents.sources import naming
from tests.cast import PASSWORD, TUESDAY, Person

Kind = AuditEvent.Kind
DESKTOP = "Mozilla/5.0 (Windows NT 10.0) Chrome/120.0 Safari/537.36"


@pytest.fixture
def browser() -> Client:
    return Client(headers={"user-agent": DESKTOP}, REMOTE_ADDR="198.51.100.7")


def lines(kind: str, what: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(kind=kind, what=what).order_by("pk"))


def line(kind: str, what: str) -> AuditEvent:
    (found,) = lines(kind, what)
    return found


def test_signing_in_and_not_being_let_in(operator: Person, browser: Client) -> None:
    browser.post(reverse("sign-in"), {"username": "operator", "password": "wrong"})
    browser.post(reverse("sign-in"), {"username": "operator", "password": PASSWORD})
    refused, came = line(Kind.SIGN_IN, "wrong_password"), line(Kind.SIGN_IN, "signed_in")
    # Who knew only the name is nobody that we know.
    assert (refused.user_id, refused.who, refused.about) == (None, "", str(operator.user.pk))
    assert (came.user_id, came.who, came.about_kind) == (operator.user.pk, "operator", "user")
    assert (came.address, came.device) == ("198.51.100.7", "Chrome · Windows")
    assert "wrong" not in str(refused.details)


def test_a_look_at_who_reported(operator: Person, lamp_case: Incident, browser: Client) -> None:
    browser.force_login(operator.user)
    report = lamp_case.links.get().report_id
    address = reverse("case-unmask", args=[lamp_case.number])
    assert browser.post(address, {"report": report}).status_code == 200
    told = line(Kind.PERSONAL, "unmasked")
    assert (told.user_id, told.about_kind, told.about) == (operator.user.pk, "case", lamp_case.number)
    assert (told.address, told.device) == ("198.51.100.7", "Chrome · Windows")
    assert told.details == {"report": report}


def test_nothing_is_told_of_other_lines_of_a_case(operator: Person, lamp_case: Incident) -> None:
    assert lamp_case.timeline.exists()
    assert not AuditEvent.objects.filter(kind=Kind.PERSONAL).exists()


def test_a_search_by_a_telephone_number(operator: Person, lamp_case: Incident, browser: Client) -> None:
    browser.force_login(operator.user)
    assert browser.post(reverse("search"), {"q": "13800138000"}).status_code == 302
    told = line(Kind.PERSONAL, "phone_search")
    assert told.user_id == operator.user.pk
    assert "138" not in f"{told.details}{told.about}"
    browser.post(reverse("search"), {"q": "路灯"})
    assert len(lines(Kind.PERSONAL, "phone_search")) == 1


def test_a_file_that_is_taken_out(steward: Person, browser: Client) -> None:
    browser.force_login(steward.user)
    answer = browser.get(reverse("source-export", args=["hotline"]), {"who": "13800138000"})
    assert answer["Content-Disposition"].startswith("attachment")
    told = line(Kind.EXPORT, "file")
    assert (told.user_id, told.about) == (steward.user.pk, "source-export")
    assert told.details == {"file": "source-names-hotline.csv", "of": "hotline", "asked": ["who"]}
    assert told.address == "198.51.100.7"


def test_a_file_with_a_chinese_name_is_called_so(steward: Person, rf: Any) -> None:
    answer = FileResponse(BytesIO(b"x"), as_attachment=True, filename="权责清单.xlsx")
    request = rf.get("/list/export/")
    request.user, request.resolver_match = steward.user, None
    assert audited(lambda _request: answer)(request) is answer
    assert line(Kind.EXPORT, "file").details["file"] == "权责清单.xlsx"


def test_a_replaced_token_that_is_ended_early(admin: Person, security: Person) -> None:
    at = timezone.now()
    client, _token = ApiClient.objects.issue(name="一个系统", source="hotline")
    keeping.rotate(client=client, overlap=timedelta(days=1), expires_at=None, actor=security.user, at=at)
    keeping.end_old(client=client, actor=security.user, at=at)
    made, ended = lines(Kind.CONFIG, "old_token")
    assert (made.about, made.details["op"], ended.details["op"]) == ("一个系统", "insert", "update")
    OldToken.objects.update(last_used_at=at)  # its use is no change
    assert len(lines(Kind.CONFIG, "old_token")) == 2


def test_a_printed_code_that_goes_and_comes_back(operator: Person, dispatcher: Person) -> None:
    make_codes(areas=[Area.objects.order_by("code")[0].code], at=TUESDAY)
    code = PlaceCode.objects.get().code
    retire_code(code=code, at=TUESDAY, by=operator.user)
    with connection.cursor() as cursor:
        told = f'{{"user": {dispatcher.user.pk}}}'
        cursor.execute("SELECT set_config('yiwang.actor', %s, true)", [told])
    restore_code(code=code, at=TUESDAY + timedelta(hours=1))
    retired, restored = lines(Kind.CONFIG, "place_code")
    assert (retired.about, retired.user_id) == (code, operator.user.pk)
    # Its row says nothing of it any more.
    assert PlaceCode.objects.get().retired_by is None
    assert restored.details["before"]["retired_by_id"] == operator.user.pk
    assert restored.user_id == dispatcher.user.pk


def test_a_version_of_the_list_that_goes_live(steward: Person) -> None:
    version = ResponsibilityList.objects.order_by("-version")[0]
    ListEvent.objects.create(list=version, kind=ListEvent.Kind.BEGAN, at=TUESDAY, by=steward.user)
    told = line(Kind.LIST, "list_began")
    assert (told.user_id, told.about_kind, told.about) == (steward.user.pk, "list", str(version.version))


def test_what_a_source_s_name_means(steward: Person) -> None:
    naming.set_name(source="hotline", name="市政/新名", category="0204", user=steward.user, at=TUESDAY)
    told = line(Kind.LIST, "mapping")
    assert (told.user_id, told.about) == (steward.user.pk, "hotline")
    assert told.details == {"name": "市政/新名", "before": "", "after": "0204"}


def test_what_a_line_says_in_words(steward: Person) -> None:
    naming.set_name(source="hotline", name="市政/新名", category="0204", user=steward.user, at=TUESDAY)
    mapping = line(Kind.LIST, "mapping")
    with override("en"):
        assert words.what(mapping) == "What a source's name means"
        assert words.about(mapping, {}) == "Source hotline"
        assert "— → 0204" in words.more(mapping)
        assert "Name: 市政/新名" in words.more(mapping)
        given = lines(Kind.ROLE, "membership")[0]
        names = words.people_of([given])
        assert words.about(given, names) == "郑文 (steward)"
        assert "role: List steward" in words.more(given)


def test_roles_that_are_given_and_taken(db: None, security: Person) -> None:
    user = User.objects.create_user("new", phone="13800138000", display_name="新人")
    unit = OrgUnit.objects.get(code="operations-centre")
    membership = Membership.objects.create(user=user, unit=unit, role=Role.OPERATOR)
    membership.role = Role.SUPERVISOR
    membership.save()
    membership.delete()
    User.objects.filter(pk=user.pk).update(is_active=False, phone="13900139000")
    told = [one for one in lines(Kind.ROLE, "membership") if one.about == str(user.pk)]
    assert [one.details["op"] for one in told] == ["insert", "update", "delete"]
    assert told[0].details["after"] == {
        "user_id": user.pk,
        "unit_id": unit.code,
        "role": "operator",
        "by_provider": False,
    }
    assert told[1].details["before"] == {"role": "operator"}
    assert told[1].details["after"] == {"role": "supervisor"}
    changed = [one for one in lines(Kind.ROLE, "person") if one.about == str(user.pk)][-1]
    assert changed.details["changed"] == ["is_active", "phone"]
    # The log says that a telephone number was changed, never to which.
    assert "139" not in str(changed.details)
    assert "138" not in str([one.details for one in lines(Kind.ROLE, "person")])


def test_signing_in_changes_nobody_s_person(operator: Person, browser: Client) -> None:
    before = len(lines(Kind.ROLE, "person"))
    browser.post(reverse("sign-in"), {"username": "operator", "password": PASSWORD})
    assert len(lines(Kind.ROLE, "person")) == before


def test_a_setting_says_whose_request_changed_it(admin: Person, browser: Client) -> None:
    browser.force_login(admin.user)
    rule = ClockRule.objects.create(kind="handling", urgency="routine", warn_at=[60])
    ClockRule.objects.filter(pk=rule.pk).update(warn_at=[70])
    assert (
        browser.post(reverse("clock-rule", args=["handling", "routine"]), {"restore": ""}).status_code == 302
    )
    made, changed, gone = lines(Kind.CONFIG, "clock_rule")
    # Outside of a request nobody is named.
    assert (made.user_id, changed.user_id) == (None, None)
    assert changed.details["changed"] == ["warn_at"]
    assert changed.details["after"] == {"warn_at": [70]}
    assert (gone.user_id, gone.who, gone.address) == (admin.user.pk, "admin", "198.51.100.7")
    assert gone.details["op"] == "delete"


def test_a_system_s_token_is_never_in_the_log(db: None) -> None:
    client, token = ApiClient.objects.issue(name="一个系统", source="hotline")
    ApiClient.objects.issue(name="一个系统", source="hotline")
    made, rekeyed = lines(Kind.CONFIG, "system")
    assert made.about == "一个系统"
    assert rekeyed.details["changed"] == ["token_hash"]
    assert client.token_hash not in str([made.details, rekeyed.details])
    assert token not in str([made.details, rekeyed.details])


def test_a_deed_that_is_taken_back_leaves_no_line(db: None) -> None:
    before = AuditEvent.objects.count()
    with transaction.atomic():
        User.objects.create_user("nobody")
        transaction.set_rollback(True)
    assert AuditEvent.objects.count() == before


def test_every_audited_table_has_its_trigger(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%%\\_audited'")
        tables: set[Any] = {name for (name,) in cursor.fetchall()}
    assert tables == {
        "accounts_apiclient",
        "accounts_grouprole",
        "accounts_membership",
        "accounts_oldtoken",
        "accounts_orgunit",
        "accounts_providerlink",
        "accounts_signinevent",
        "accounts_user",
        "dashboards_dataevent",
        "dashboards_download",
        "dashboards_repeatrulerevision",
        "dashboards_screendisplay",
        "dispatch_calendaryear",
        "dispatch_categorychange",
        "dispatch_listevent",
        "dispatch_sourcecategorychange",
        "dispatch_stoppage",
        "dispatch_workinghours",
        "grids_areachange",
        "grids_facilitychange",
        "grids_namedplace",
        "grids_placecode",
        "incidents_alertinhibition",
        "incidents_alertrule",
        "incidents_blockchange",
        "incidents_clockrule",
        "incidents_privacyrequest",
        "incidents_timelineentry",
        "incidents_webhook",
    }
