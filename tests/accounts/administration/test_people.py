"""People and roles: added, changed, switched off; nobody does it to themselves, and one of each stays."""

import re
import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.identity import factors
from accounts.identity.rows import SecondFactor
from accounts.identity.where import Where
from accounts.models import AuditEvent, Membership, OrgUnit, User
from accounts.people import keeping
from accounts.roles import Role
from accounts.units import keeping as unit_keeping
from tests.cast import LAMP_UNIT, PASSWORD, Person, person

UNIT = "government-services"


@pytest.fixture
def security(db: None) -> Person:
    return person("security", Role.SECURITY, UNIT, "安全员")


@pytest.fixture
def office(security: Person) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(security.user)
    return client


def lines(about: User) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(about_kind="user", about=str(about.pk)).order_by("pk"))


def test_a_new_person_has_a_password_that_is_shown_once_and_changed_first(office: Client) -> None:
    given = {"username": "wang.fang", "display_name": " 王  芳 ", "phone": "13800000000"}
    answer = office.post(reverse("person-new"), given)
    password = re.search(r'id="first-password">([^<]+)<', answer.content.decode())
    assert password is not None
    made = User.objects.get(username="wang.fang")
    assert (made.display_name, made.phone) == ("王 芳", "13800000000")
    assert password[1] not in office.get(reverse("person", args=[made.pk])).content.decode()
    browser = Client()
    browser.post(reverse("sign-in"), {"username": "wang.fang", "password": password[1]})
    led = browser.get(reverse("nothing"))
    assert led.status_code == 302
    assert led["Location"].startswith(reverse("password-change"))
    new = {
        "old_password": password[1],
        "new_password1": "a-Lantern-on-the-7th",
        "new_password2": "a-Lantern-on-the-7th",
    }
    field = browser.get(reverse("password-change")).context["form"].fields
    browser.post(reverse("password-change"), dict(zip(field, new.values(), strict=True)))
    assert not User.objects.get(pk=made.pk).password_is_first
    assert browser.get(reverse("nothing")).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [("username", "a b"), ("username", ""), ("username", "SECURITY"), ("phone", "call me")],
)
def test_what_is_wrong_is_said_at_its_field(office: Client, field: str, value: str) -> None:
    answer = office.post(reverse("person-new"), {"username": "new", "phone": "", field: value})
    assert answer.status_code == 400
    assert answer.context["form"].errors[field]
    assert User.objects.count() == 1


def test_the_form_twice_makes_one_person(office: Client) -> None:
    assert office.post(reverse("person-new"), {"username": "once"}).status_code == 200
    assert office.post(reverse("person-new"), {"username": "once"}).status_code == 400
    assert User.objects.filter(username="once").count() == 1


def test_who_changed_it_meanwhile_is_not_overwritten(office: Client, handler: Person) -> None:
    page = reverse("person", args=[handler.user.pk])
    seen = office.get(page).context["form"].initial["seen"]
    User.objects.filter(pk=handler.user.pk).update(phone="110")
    told = {"username": "handler", "display_name": "黄强", "phone": "", "seen": seen}
    assert "meanwhile" in office.post(page, told).content.decode()
    assert User.objects.get(pk=handler.user.pk).phone == "110"
    told["seen"] = office.get(page).context["form"].initial["seen"]
    assert office.post(page, told).status_code == 302
    # The same press a second time finds everything as it says.
    assert office.post(page, told).status_code == 302
    assert User.objects.get(pk=handler.user.pk).display_name == "黄强"


def test_a_role_holds_at_the_next_page_and_its_reason_is_in_the_log(office: Client, security: Person) -> None:
    user = User.objects.create_user("wang", password=PASSWORD)
    theirs = Client()
    theirs.force_login(user)
    assert theirs.get(reverse("inbox")).status_code == 403
    told = {"role": "handler", "unit": LAMP_UNIT, "reason": "joins the lamp team"}
    assert office.post(reverse("person-role", args=[user.pk]), told).status_code == 302
    assert theirs.get(reverse("inbox")).status_code == 200
    last = lines(user)[-1]
    assert (last.what, last.user_id, last.details["reason"]) == (
        "membership",
        security.user.pk,
        "joins the lamp team",
    )
    # Pressed twice it is there once, and the second press is told so.
    again = office.post(reverse("person-role", args=[user.pk]), told)
    assert again.status_code == 400
    assert "already" in again.content.decode()
    row = user.memberships.get()
    take = reverse("person-role-take", args=[user.pk, row.pk])
    assert office.post(take, {"reason": ""}).status_code == 400
    assert office.post(take, {"reason": "left the team"}).status_code == 302
    assert office.post(take, {"reason": "left the team"}).status_code == 302
    assert theirs.get(reverse("inbox")).status_code == 403
    assert lines(user)[-1].details["reason"] == "left the team"
    # The reason of one deed is not said of the next.
    office.post(reverse("person", args=[user.pk]), {"username": "wang2", "seen": keeping.stamp_of(user)})
    assert "reason" not in lines(user)[-1].details


def test_three_powers_stay_apart(office: Client, admin: Person, handler: Person) -> None:
    def give(to: Person, role: Role) -> str:
        told = {"role": role, "unit": UNIT, "reason": "because"}
        answer = office.post(reverse("person-role", args=[to.user.pk]), told)
        return answer.content.decode() if answer.status_code == 400 else ""

    assert "three people" in give(admin, Role.SECURITY)
    assert "no other role" in give(handler, Role.AUDITOR)
    assert give(handler, Role.DISPATCHER) == ""
    assert Membership.objects.filter(role=Role.AUDITOR).count() == 0


def test_nobody_does_it_to_themselves(office: Client, security: Person) -> None:
    own, reason = security.user.pk, {"reason": "because"}
    told = {"role": "handler", "unit": UNIT, **reason}
    row = security.user.memberships.get().pk
    for name, more in (
        ("person-role", []),
        ("person-role-take", [row]),
        ("person-switch", []),
        ("person-password", []),
    ):
        answer = office.post(reverse(name, args=[own, *more]), told)
        assert answer.status_code == 400, name
    assert list(security.user.memberships.values_list("role", flat=True)) == [Role.SECURITY]
    assert User.objects.get(pk=own).is_active


def test_the_last_system_administrator_stays(office: Client, admin: Person, handler: Person) -> None:
    row = admin.user.memberships.get()
    reason = {"reason": "because"}
    take = reverse("person-role-take", args=[admin.user.pk, row.pk])
    assert "System administrator" in office.post(take, reason).content.decode()
    assert office.post(reverse("person-switch", args=[admin.user.pk]), reason).status_code == 400
    other = person("other", Role.ADMIN, UNIT)
    User.objects.filter(pk=other.user.pk).update(is_active=False)
    assert office.post(take, reason).status_code == 400  # who cannot sign in is none
    User.objects.filter(pk=other.user.pk).update(is_active=True)
    assert office.post(take, reason).status_code == 302
    assert list(Membership.objects.filter(role=Role.ADMIN)) == [other.user.memberships.get()]


def test_switched_off_somebody_is_signed_out_and_their_work_is_told(office: Client, handler: Person) -> None:
    theirs = Client()
    theirs.force_login(handler.user)
    assert theirs.get(reverse("inbox")).status_code == 200
    switch = reverse("person-switch", args=[handler.user.pk])
    assert office.post(switch, {"on": "no", "reason": "retired"}).status_code == 302
    assert theirs.get(reverse("inbox")).status_code == 302
    assert not User.objects.get(pk=handler.user.pk).is_active
    assert "switched off" in office.get(reverse("people"), {"q": "黄志强"}).content.decode()
    office.post(switch, {"on": "yes", "reason": "came back"})
    assert User.objects.get(pk=handler.user.pk).is_active


def test_a_password_that_was_handed_out_ends_the_sign_ins(office: Client, handler: Person) -> None:
    theirs = Client()
    theirs.force_login(handler.user)
    answer = office.post(reverse("person-password", args=[handler.user.pk]), {"reason": "forgot it"})
    assert answer.status_code == 200
    assert theirs.get(reverse("inbox")).status_code == 302
    assert not User.objects.get(pk=handler.user.pk).check_password(PASSWORD)


def test_one_administrator_alone_does_not_come_in_as_somebody(
    office: Client, security: Person, handler: Person, auditor: Person
) -> None:
    def handed_out(whom: Person) -> int:
        address = reverse("person-password", args=[whom.user.pk])
        return office.post(address, {"reason": "forgot it"}).status_code

    where = Where()
    SecondFactor.objects.create(user=handler.user, key_sealed=b"sealed", set_up_at=timezone.now())
    factors.reset(user=handler.user, actor=security.user, reason="lost", at=timezone.now(), where=where)
    assert handed_out(handler) == 400
    other = person("security2", Role.SECURITY, UNIT, "安全员乙")
    keeping.hand_out_password(
        pk=handler.user.pk, reason="lost", actor=other.user, at=timezone.now(), where=where
    )
    # Nor the other way round: what was handed out is changed first.
    handler.user.refresh_from_db()
    SecondFactor.objects.create(user=handler.user, key_sealed=b"sealed", set_up_at=timezone.now())
    with pytest.raises(factors.Refused):
        factors.reset(user=handler.user, actor=other.user, reason="lost", at=timezone.now(), where=where)
    # Of an administrator who has come in, the password alone must not be enough.
    assert handed_out(auditor) == 200
    User.objects.filter(pk=auditor.user.pk).update(last_login=timezone.now())
    assert handed_out(auditor) == 400


def test_the_list_is_narrowed(office: Client, handler: Person, operator: Person) -> None:
    def names(**asked: str) -> set[str]:
        return {user.username for user in office.get(reverse("people"), asked).context["page"]}

    assert names() == {"security", "handler", "operator"}
    assert names(q="志强") == names(unit=LAMP_UNIT) == names(role="handler") == {"handler"}
    User.objects.create_user("nobody", is_active=False)
    assert names(state="none") == names(state="off") == {"nobody"}
    assert names(q="\x00", page="x", unit="\x00", role="?", state="?") == names()
    assert "Nobody found" in office.get(reverse("people"), {"q": "zzz"}).content.decode()


def test_a_units_people_move_with_their_roles(office: Client, security: Person, handler: Person) -> None:
    both = person("both", Role.HANDLER, LAMP_UNIT)
    both.user.memberships.create(unit_id=UNIT, role=Role.HANDLER)
    page = reverse("people-move", args=[LAMP_UNIT])
    assert office.get(page).status_code == 200
    assert office.post(page, {"to": UNIT, "reason": "merged"}).status_code == 302
    for who in (handler, both):
        assert list(who.user.memberships.values_list("unit", "role")) == [(UNIT, Role.HANDLER)]
    assert lines(handler.user)[-1].details["reason"] == "merged"
    own = office.post(reverse("people-move", args=[UNIT]), {"to": LAMP_UNIT, "reason": "merged"}, follow=True)
    assert "own roles" in own.content.decode()
    assert security.user.memberships.get().unit_id == UNIT


def test_others_are_kept_out(handler: Person, admin: Person, security: Person) -> None:
    user = handler.user
    with pytest.raises(keeping.NotAllowed):
        keeping.give(pk=user.pk, unit=UNIT, role="handler", reason="", actor=admin.user)
    with pytest.raises(keeping.NotAllowed):
        keeping.switch(pk=user.pk, on=False, reason="", actor=handler.user, at=timezone.now(), where=Where())


@pytest.mark.django_db(transaction=True)
def test_two_who_take_the_last_but_one_from_each_other_leave_one() -> None:
    OrgUnit.objects.get_or_create(
        code=UNIT, defaults={"kind": "district_department", "area_code": "440307000000", "path": UNIT}
    )
    first, second = person("first", Role.SECURITY, UNIT), person("second", Role.SECURITY, UNIT)
    together, refused = threading.Barrier(2), []

    def take(actor: Person, whom: Person) -> None:
        try:
            row = whom.user.memberships.get().pk
            together.wait(10)
            keeping.take(pk=whom.user.pk, membership=row, reason="off", actor=actor.user)
        except (keeping.NotTaken, keeping.NotAllowed) as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert Membership.objects.filter(role=Role.SECURITY).count() == 1
    assert len(refused) == 1


@pytest.mark.django_db(transaction=True)
def test_who_closes_the_unit_of_one_while_another_goes_leaves_one() -> None:
    for code in (UNIT, "justice", "water-affairs"):
        OrgUnit.objects.get_or_create(
            code=code, defaults={"kind": "district_department", "area_code": "440307000000", "path": code}
        )
    keeps_units = person("keeps-units", Role.ADMIN, UNIT)
    first, second = (
        person("first", Role.SECURITY, "justice"),
        person("second", Role.SECURITY, "water-affairs"),
    )
    unit, refused = OrgUnit.objects.get(code="justice"), []

    def close() -> None:
        try:
            seen = unit_keeping.stamp_of(unit)
            unit_keeping.close(
                code=unit.pk, successor=None, reason="merged", seen=seen, actor=keeps_units.user
            )
        except unit_keeping.NotTaken as error:
            refused.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=close)
    with transaction.atomic():
        keeping.hold_administrators()
        keeping.revoke(second.user, second.user.memberships.get(), reason="off", actor=first.user)
        thread.start()
        thread.join(1)  # without waiting for this transaction it would be done
    thread.join(20)
    assert len(refused) == 1
    assert keeping.standing()[Role.SECURITY] == {(first.user.pk, "justice")}


def test_the_last_who_audits_stays(office: Client) -> None:
    auditor = person("auditor", Role.AUDITOR, UNIT)
    take = reverse("person-role-take", args=[auditor.user.pk, auditor.user.memberships.get().pk])
    assert office.post(take, {"reason": "left"}).status_code == 400
    assert auditor.user.memberships.exists()


def test_a_name_that_somebody_takes_at_the_same_moment_is_told(handler: Person) -> None:
    """Between the look for it and the writing; the second saves last."""
    held = User.objects.get(pk=handler.user.pk)
    terms = keeping.Terms("taken", held.display_name, held.phone)
    held.save = _as_somebody_else_saves(held.save)  # type: ignore[method-assign]
    with pytest.raises(keeping.NotTaken) as refused:
        keeping.rename(held, terms)
    assert refused.value.field == "username"


def _as_somebody_else_saves(save: Callable[..., None]) -> Callable[..., None]:
    def late(**how: object) -> None:
        User.objects.create(username="taken")
        save(**how)

    return late


def test_a_name_is_kept_as_the_sign_in_reads_it(office: Client) -> None:
    office.post(reverse("person-new"), {"username": "ｚｈａｎｇ"})
    assert User.objects.filter(username="zhang").exists()
    assert office.post(reverse("person-new"), {"username": "zhang"}).status_code == 400
