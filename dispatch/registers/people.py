"""人员表: people and their roles from a sheet. Who is not in it stays as they are; nobody is deleted, no
password is in it, and nobody gives or takes anything of themselves by it.

A row has all roles of somebody: those that it lacks are taken. Their own telephone number may stand in it
starred, as the export has it.
"""

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from re import split
from typing import Final

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.audit.reasons import because
from accounts.identity.where import Where
from accounts.masking import starred
from accounts.models import Membership, OrgUnit, User
from accounts.people import keeping
from accounts.people.keeping import Terms
from accounts.roles import Role
from accounts.separation import why_not
from dispatch.registers.plan import Columns, Reader, Said, ToldPlan, lines_below, plain
from dispatch.registers.units import Names
from dispatch.spreadsheets.grid import Grid

COLUMNS: Final = Columns(
    {
        "username": ("用户名", "账号", "帐号", "登录名", "user name"),
        "name": ("姓名", "名字"),
        "unit": ("单位", "所在单位", "单位编码"),
        "roles": ("角色", "岗位角色"),
        "phone": ("电话", "联系电话", "手机", "手机号", "手机号码", "telephone"),
        "state": ("状态", "账号状态"),
    },
    needed=("username", "name", "unit", "roles"),
    key="username",
)
_NAME_MOST: Final = 40
_NONE: Final = frozenset({"-", "—", "无", "none"})  # what empties a cell's value: an empty cell leaves it
_STATES: Final = {
    plain(word): state
    for state, words in {
        "on": ("on", "yes", "启用", "在用", "正常", "在职"),
        "off": ("off", "no", "停用", "禁用", "离职", "注销"),
    }.items()
    for word in words
}
Held = frozenset[tuple[str, str]]  # unit, role


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands, or would."""

    terms: Terms
    held: Held
    is_on: bool


@dataclass(slots=True)
class _Read:
    cells: Reader
    before: User | None
    was: Standing
    now: Standing


@dataclass(slots=True)
class PeoplePlan(ToldPlan):
    """What a sheet of people comes to."""

    people: list[tuple[int | None, Standing, Standing]] = field(default_factory=list)


def make_plan(grid: Grid, *, by: User) -> PeoplePlan:
    """What the sheet would do in this person's hands. Raises TableError for one without a heading."""
    heading, columns = COLUMNS.find(grid)
    plan = PeoplePlan()
    known = {user.username.lower(): user for user in User.objects.prefetch_related("memberships")}
    units, roles = Names(OrgUnit.objects.all()), _role_words()
    seen: dict[str, int] = {}
    read: list[_Read] = []
    for line in lines_below(grid, heading):
        plan.rows += 1
        cells = Reader(plan, line, columns)
        username = _username(cells)
        if not cells.is_good:
            continue
        if username.lower() in seen:
            told = {"row": seen[username.lower()]}
            cells.refuse("username", _("This user name is in row %(row)d already.") % told)
            continue
        seen[username.lower()] = line.number
        one = _row(cells, username, known.get(username.lower()), units, roles)
        if one is not None and _is_allowed(one, units, by):
            read.append(one)
    _keep_one_of_each(read)
    for one in read:
        if one.cells.is_good:
            _put(plan, one)
    plan.seal()
    return plan


def standing_of(user: User) -> Standing:
    """How somebody stands now."""
    held = frozenset((row.unit_id, row.role) for row in user.memberships.all())
    return Standing(keeping.terms_of(user), held, user.is_active)


def _role_words() -> dict[str, str]:
    words = {plain(role): str(role) for role in Role.values}
    for language in ("zh-hans", "en"):
        with override(language):
            words |= {plain(str(label)): role for role, label in Role.choices}
    return words


def _username(cells: Reader) -> str:
    username = keeping.stored_name(cells.one_line("username", most=150))
    if not username:
        if cells.is_good:
            cells.refuse("username", _("Every row needs its user name: it is updated by it."))
        return ""
    try:
        UnicodeUsernameValidator()(username)
    except ValidationError as error:
        cells.refuse("username", " ".join(error.messages))
    return username


def _row(
    cells: Reader, username: str, before: User | None, units: Names, roles: Mapping[str, str]
) -> _Read | None:
    """The person as they would be; what a sheet does not say of somebody known stays."""
    was = standing_of(before) if before else Standing(Terms(username, "", ""), frozenset(), True)
    name = " ".join(cells.one_line("name", most=_NAME_MOST).split())
    phone = _phone(cells, was.terms.phone)
    state = cells.choice("state", _STATES, _("This is neither “on” nor “off”."))
    held = _held(cells, was.held, units, roles)
    if not cells.is_good:
        return None
    if before is None and state == "off":
        cells.refuse("state", _("Nobody is added switched off."))
        return None
    terms = Terms(was.terms.username, _said_or(name, was.terms.display_name), phone)
    return _Read(cells, before, was, Standing(terms, held, state != "off" if state else was.is_on))


def _said_or(text: str, was: str) -> str:
    return "" if text.lower() in _NONE else text or was


def _phone(cells: Reader, was: str) -> str:
    text = unicodedata.normalize("NFKC", cells.one_line("phone", most=40))
    if not text or text == starred(was):
        return was
    if text.lower() in _NONE:
        return ""
    if "*" in text:
        cells.refuse("phone", _("This number is starred and is not theirs: write it out."))
    elif not keeping.PHONE.fullmatch(text) or len(text) > 20:
        cells.refuse("phone", _("This is no telephone number."))
    return text


def _held(cells: Reader, was: Held, units: Names, roles: Mapping[str, str]) -> Held:
    """All that somebody would have: `handler, supervisor@operations-centre`; where no unit is said, in the
    row's."""
    unit_word = cells.one_line("unit", most=120)
    unit = units.find(unit_word) if unit_word else ""
    if unit_word and not unit:
        cells.refuse("unit", _("No unit is called so, or several are."))
    text = cells.text("roles", most=2_000)
    if not text:
        if unit and unit not in {code for code, _role in was}:
            cells.refuse("roles", _("Say which roles they have there."))
        return was
    if text.strip().lower() in _NONE:
        return frozenset()
    found: set[tuple[str, str]] = set()
    for part in split(r"[、，,；;|\n\r]+", text):
        word, _at, where = part.replace("＠", "@").partition("@")
        if not word.strip():
            if where:
                cells.refuse("roles", _("“%(word)s” names no role.") % {"word": part.strip()[:60]})
            continue
        role = roles.get(plain(word), "")
        code = units.find(where) if where.strip() else unit
        if not role:
            cells.refuse("roles", _("There is no role “%(word)s”.") % {"word": word.strip()[:60]})
        elif not code and where.strip():
            cells.refuse(
                "roles", _("No unit is called “%(word)s”, or several are.") % {"word": where.strip()[:60]}
            )
        elif not code and not unit_word:
            cells.refuse("unit", _("Say in which unit they have this role."))
        else:
            found.add((code, role))
    return frozenset(found)


def _is_allowed(one: _Read, units: Names, by: User) -> bool:
    """The rules of people's own page: nobody does it to themselves, closed units take nobody, what a provider
    gives is taken there, and the three administrators are three people."""
    added, gone = one.now.held - one.was.held, one.was.held - one.now.held
    if one.before is not None and one.before.pk == by.pk:
        if added or gone:
            one.cells.refuse(
                "roles", _("Nobody gives a role to themselves or takes one: ask another administrator.")
            )
        if one.now.is_on != one.was.is_on:
            one.cells.refuse("state", _("Nobody switches themselves off: ask another administrator."))
    if any(unit not in units.open for unit, _role in added):
        one.cells.refuse("roles", _("A closed unit takes nobody."))
    provided = {(row.unit_id, row.role) for row in _memberships(one.before) if row.by_provider}
    if gone & provided:
        one.cells.refuse("roles", keeping.by_provider_words())
    roles = {role for _unit, role in one.now.held}
    if added:
        for role in sorted(roles):
            if words := why_not(roles, role):
                one.cells.refuse("roles", words)
                break
    return one.cells.is_good


def _memberships(user: User | None) -> Collection[Membership]:
    return list(user.memberships.all()) if user is not None else ()


def _keep_one_of_each(read: Collection[_Read]) -> None:
    """Refuse where nobody would be left who can act as one of the administrators, once all is written."""
    able = keeping.standing()
    for role in keeping.NEVER_NONE:
        left, losing = set(able[role]), []
        for one in read:
            mine = (
                {(one.before.pk, unit) for unit, held in one.was.held if held == role}
                if one.before
                else set()
            )
            stays = {unit for unit, held in one.now.held if held == role} if one.now.is_on else set()
            lost = {pair for pair in mine & left if pair[1] not in stays}
            if lost:
                left -= lost
                losing.append(one)
            left |= {(0, unit) for unit in stays if one.before is None or (one.before.pk, unit) not in mine}
        if able[role] and not left and losing:
            losing[-1].cells.refuse("roles" if losing[-1].now.is_on else "state", keeping.last_words(role))


def _put(plan: PeoplePlan, one: _Read) -> None:
    was, now = one.was, one.now
    if one.before is not None and was == now:
        plan.kept += 1
        return
    said: list[Said] = []
    if now.terms.display_name != was.terms.display_name:
        said.append(("name", was.terms.display_name, now.terms.display_name))
    if now.terms.phone != was.terms.phone:
        said.append(("phone", starred(was.terms.phone), starred(now.terms.phone)))
    if now.held != was.held:
        said.append(("roles", _listed(was.held), _listed(now.held)))
    if now.is_on != was.is_on:
        said.append(("state", _state(was), _state(now)))
    what = "changed" if one.before is not None else "added"
    rows = plan.changed if one.before is not None else plan.added
    rows[now.terms.username] = {"username": now.terms.username}
    plan.retired += was.is_on and not now.is_on
    whole = [[one.terms.phone, _listed(one.held), _state(one)] for one in (was, now)]
    plan.tell(what, one.cells.line, now.terms.username, said, whole=whole)
    plan.people.append((one.before.pk if one.before else None, was, now))


def _listed(held: Held) -> str:
    return "; ".join(f"{role}@{unit}" for unit, role in sorted(held))


def _state(standing: Standing) -> str:
    return "on" if standing.is_on else "off"


def rows(*, in_chinese: bool) -> Iterator[list[str]]:
    """Everybody as cells that can be read again. Telephone numbers are starred: read again they stay."""
    names = Names(OrgUnit.objects.all())
    with override("zh-hans" if in_chinese else "en"):
        labels = {str(role): str(label) for role, label in Role.choices}
    states = ("停用", "启用") if in_chinese else ("off", "on")
    people = User.objects.prefetch_related("memberships__unit").order_by("username", "pk")
    for user in people:
        held = list(user.memberships.all())
        home = held[0].unit if held else None
        told = []
        for row in held:
            where = names.said(row.unit, in_chinese=in_chinese)
            told.append(labels.get(row.role, row.role) + ("" if row.unit == home else f"@{where}"))
        unit = names.said(home, in_chinese=in_chinese) if home else ""
        listed = "; ".join(told)
        yield [user.username, user.display_name, unit, listed, starred(user.phone), states[user.is_active]]


def hold(by: User) -> None:
    """Keep who administers as it is until the transaction ends. Raises NotAllowed."""
    keeping.check(by)
    keeping.hold_administrators()


def write(plan: PeoplePlan, *, by: User, at: datetime, reason: str) -> int:
    """Write what the plan adds and changes, in the transaction of a caller who holds the administrators;
    answers how many people. New ones have no password yet. Raises NotTaken."""
    before = keeping.standing()
    pks = [pk for pk, _was, _now in plan.people if pk is not None]
    people = User.objects.filter(pk__in=pks).order_by("pk").select_for_update(no_key=True)
    held = {user.pk: user for user in people}
    for pk, was, now in plan.people:
        user = held.get(pk) if pk is not None else None
        if user is None:
            with because(reason):
                user = keeping.enter(now.terms, at=at)
        elif standing_of(user) != was:  # changed between the look at it and its lock
            raise keeping.NotTaken("", _("Somebody else has changed this meanwhile."))
        elif was.terms != now.terms:
            with because(reason):
                keeping.rename(user, now.terms)
        for row in list(user.memberships.all()):
            if (row.unit_id, row.role) in was.held - now.held:
                keeping.revoke(user, row, reason=reason, actor=by, last=False)
        for unit, role in sorted(now.held - was.held):
            keeping.grant(user, unit=unit, role=role, reason=reason, actor=by)
        if was.is_on != now.is_on:
            keeping.set_active(user, on=now.is_on, reason=reason, actor=by, at=at, where=Where(), last=False)
    keeping.refuse_gone(before)
    return len(plan.people)
