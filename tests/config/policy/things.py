"""One of everything that an address can name, concerning one unit and one street of the district.

The case and what grew out of it are made by production actions; what only has to be there is written down.
"""

from datetime import date, timedelta
from types import SimpleNamespace

from accounts.identity.provider.rows import GroupRole
from accounts.models import ApiClient, DutyShift, Scope
from accounts.roles import Role
from dashboards.briefs import acting
from dashboards.models import (
    Appeal,
    Brief,
    DataRequest,
    Project,
    ProjectItem,
    RepeatRule,
    ScreenDisplay,
)
from dashboards.scoring import acting as scoring
from dispatch.models import ImportFile, ListImport, RegisterImport, Stoppage
from grids.models import Area, Facility, NamedPlace, PlaceCode
from incidents import actions
from incidents.actor import SYSTEM
from incidents.mediation.writing import Party
from incidents.models import (
    AlertDevice,
    AlertInhibition,
    AlertRule,
    Article,
    ArticleEdition,
    BulkImport,
    Callback,
    CannedAnswer,
    CouncilMeeting,
    Handover,
    Incident,
    Instruction,
    InstructionPart,
    Notification,
    OutboxMessage,
    PrivacyAsk,
    QualitySample,
    Rehearsal,
    RehearsalPart,
    RehearsedCase,
    SavedView,
    Text,
    Webhook,
)
from incidents.models.contact import seal
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, file_report, person, reload
from tests.dashboards.briefs.weeks import LAMPS, work
from tests.dashboards.scoring.months import june
from tests.dashboards.warning.found import found
from tests.dispatch.versions import live_list, new_draft

HOUR = timedelta(hours=1)
NOW = TUESDAY + 3 * HOUR
LATER = NOW + 48 * HOUR


def everything() -> SimpleNamespace:
    """All of it, by name."""
    it = SimpleNamespace()
    it.keeper = person("keeper", Role.STEWARD, "operations-centre")
    it.chief = person("chief", Role.SUPERVISOR, "operations-centre")
    it.head = person("lamps-chief", Role.LEADER, LAMP_UNIT)
    it.handler = person("lamps-hand", Role.HANDLER, LAMP_UNIT)
    it.token, it.secret = ApiClient.objects.issue(
        name="hotline", source="hotline", scopes=[str(scope) for scope in Scope]
    )
    _cases(it)
    _of_cases(it)
    _lists(it)
    _boards(it)
    _desks(it)
    _sensors(it)
    _installation(it)
    return it


def _words(body: str) -> Text:
    return Text.objects.create(body=body, created_at=NOW)


def _cases(it: SimpleNamespace) -> None:
    it.case = file_report()
    it.street, it.community = it.case.street_code, it.case.community_code
    it.report = it.case.links.get().report
    it.desk_case = file_report(place=NOWHERE, address="", category=None, text="这里有人在吵架,也不知道归谁管")
    Incident.objects.filter(pk=it.desk_case.pk).update(street_code=it.street)
    it.desk_case = reload(it.desk_case)
    dispute = file_report(
        category="1401", text="楼上漏水泡坏了我家天花板,双方吵了几次", place_type="residential_estate"
    )
    Incident.objects.filter(pk=dispute.pk).update(owner_unit=LAMP_UNIT, status="handling")
    it.dispute = reload(dispute)
    parties = (
        Party("applicant", "赵大海", "13511112222", "翠园小区3栋1204房"),
        Party("respondent", "钱小芳", "13633334444"),
    )
    it.mediation = actions.open_mediation(
        number=it.dispute.number, kind="peoples", parties=parties, actor=it.handler.actor, at=NOW
    )


def _of_cases(it: SimpleNamespace) -> None:
    """What people of the unit and the street keep beside its cases."""
    it.message = OutboxMessage.objects.create(
        key="one", kind="dispatched", receiver="unit", created_at=NOW, not_before=NOW
    )
    it.notice = Notification.objects.create(
        user=it.handler.user, message=it.message, kind="dispatched", urgency="routine", created_at=NOW
    )
    it.shift = DutyShift.objects.create(unit_id=LAMP_UNIT, user=it.handler.user, starts_at=NOW, ends_at=LATER)
    it.canned = CannedAnswer.objects.create(
        unit_id=LAMP_UNIT, use="note", title="一", body="二", changed_at=NOW
    )
    it.view = SavedView.objects.create(
        owner=it.handler.user, page="cases", name="一", query="status=open", created_at=NOW
    )
    it.webhook = Webhook.objects.create(
        name="一", url="https://example.org/", source="hotline", created_at=NOW
    )
    it.callback = Callback.objects.create(
        report=it.report, incident=it.case, handling_run=1, opened_at=NOW, rank=1, next_at=NOW
    )
    it.instruction = Instruction.objects.create(
        number="P-1",
        office_id="district",
        given_by=it.chief.user,
        recorded_by=it.chief.user,
        words=_words("一"),
        given_at=NOW,
    )
    InstructionPart.objects.create(instruction=it.instruction, unit_id=LAMP_UNIT, due_at=LATER)
    it.letter = actions.to_secretary(number=it.case.number, secretary="street", actor=it.chief.actor, at=NOW)
    it.article = Article.objects.create(
        owner_unit_id=LAMP_UNIT, title="路灯谁修", valid_until=None, created_at=NOW
    )
    edition = ArticleEdition.objects.create(
        article=it.article,
        number=1,
        title="路灯谁修",
        answer=_words("我们").body,
        written_by=it.handler.user,
        written_at=NOW,
        valid_until=date(2027, 1, 1),
        verdict="approved",
    )
    Article.objects.filter(pk=it.article.pk).update(current=edition)
    it.council = CouncilMeeting.objects.create(
        area_code=it.community, held_at=NOW, attendance=5, entered_at=NOW, entered_by=it.chief.user
    )


def _lists(it: SimpleNamespace) -> None:
    it.live = live_list()
    it.draft = new_draft(it.keeper)
    it.import_ = ListImport.objects.create(
        file_name="a.xlsx", file_size=1, language="zh-hans", created_at=NOW, created_by=it.keeper.user
    )
    ImportFile.objects.create(list_import=it.import_, data=b"a")
    it.register_import = RegisterImport.objects.create(
        register="facilities",
        file_name="a.csv",
        data=b"a",
        language="zh-hans",
        created_at=NOW,
        created_by=it.keeper.user,
    )
    it.area_import = RegisterImport.objects.create(
        register="areas",
        file_name="a.csv",
        data=b"a",
        language="zh-hans",
        created_at=NOW,
        created_by=it.keeper.user,
        drawing=b"{}",
    )
    it.people_import = RegisterImport.objects.create(
        register="people",
        file_name="a.csv",
        data=b"a",
        language="zh-hans",
        created_at=NOW,
        created_by=it.keeper.user,
    )
    it.rehearsal = Rehearsal.objects.create(
        draft=it.draft, revision=1, base=it.live, days=7, total=1, asked_by=it.keeper.user, asked_at=NOW
    )
    part = RehearsalPart.objects.create(rehearsal=it.rehearsal, position=1, size=1)
    it.rehearsed = RehearsedCase.objects.create(
        rehearsal=it.rehearsal, part=part, incident=it.case, kind="unit", turn=1, before={}, after={}
    )
    it.facility = Facility.objects.create(
        code="LAMP-1", kind="lamp", owner_code=LAMP_UNIT, lon=114.2, lat=22.7
    )
    it.place = NamedPlace.objects.create(code="P-1", name="南联小学", kind="school", area_id=it.community)
    it.code = PlaceCode.objects.create(code="ABCDEFG2", area_id=it.community, made_at=NOW)
    it.stop = Stoppage.objects.create(
        reason="台风", starts_at=LATER, ends_at=LATER + HOUR, declared_at=NOW, declared_by=it.chief.user
    )


def _boards(it: SimpleNamespace) -> None:
    it.brief = Brief.objects.create(
        kind="week",
        about="street",
        code=it.street,
        name_zh="龙岗街道",
        name_en="Longgang",
        first=date(2026, 6, 22),
        last=date(2026, 6, 28),
        number=1,
        issue_at=NOW,
        made_at=NOW,
    )
    acting.issue(brief=it.brief.pk, actor=SYSTEM, at=NOW)
    it.warning = found(street_code=it.street, community_code=it.community, cases=1)
    it.project = Project.objects.create(
        name="一",
        problem=_words("一"),
        owner_unit_id=LAMP_UNIT,
        street_code=it.street,
        categories=["0204"],
        start=date(2026, 7, 1),
        end=date(2026, 9, 1),
        opened_by=it.chief.user,
        opened_at=NOW,
    )
    it.item = ProjectItem.objects.create(
        project=it.project,
        kind="measure",
        words=_words("二"),
        unit_id=LAMP_UNIT,
        due=date(2026, 8, 1),
        added_by=it.chief.user,
        added_at=NOW,
    )
    work(date(2026, 6, 1), date(2026, 6, 28), 3, **LAMPS)
    it.period = june()
    scoring.publish(period=it.period.pk, actor=it.chief.actor, at=NOW)
    it.appeal = Appeal.objects.create(
        period=it.period,
        unit_id=LAMP_UNIT,
        incident=it.case,
        what="case",
        reason="other",
        words=_words("三"),
        by=it.head.user,
        at=NOW,
    )
    it.repeats = RepeatRule.objects.create(by="place", matter_code="0204", street_code=it.street, at_least=3)
    RepeatRule.objects.create(by="place", matter_code="0204", at_least=9)
    it.display = ScreenDisplay.objects.create(
        name="厅",
        area_code=it.street,
        language="zh-hans",
        token_hash="x",
        opened_by=it.chief.user,
        opened_at=NOW,
        expires_at=LATER,
    )
    it.request = DataRequest.objects.create(
        dataset="events", by=it.handler.user, unit_id=LAMP_UNIT, purpose=_words("看看"), days=30, at=NOW
    )


def _installation(it: SimpleNamespace) -> None:
    it.group = GroupRole.objects.create(
        group="一", unit_id=LAMP_UNIT, role=Role.HANDLER, added_at=NOW, added_by=it.chief.user
    )


def _desks(it: SimpleNamespace) -> None:
    it.bulk = BulkImport.objects.create(
        source="hotline",
        file_name="a.xlsx",
        file_size=1,
        language="zh-hans",
        created_at=NOW,
        created_by=it.chief.user,
    )
    it.api_bulk = BulkImport.objects.create(
        source="hotline", file_name="a.xlsx", file_size=1, language="zh-hans", created_at=NOW, client=it.token
    )
    it.handover = Handover.objects.create(
        unit_id="longgang/operations",
        words=_words("四"),
        written_at=NOW,
        written_by=it.chief.user,
        open_count=1,
        overdue_count=0,
        desk_count=0,
        emergency_count=0,
    )
    it.privacy_ask = PrivacyAsk.objects.create(
        kind="copy", phone_sealed=seal("13511112222"), asked_at=NOW, asked_by=it.handler.user, reason="信"
    )
    it.sample = QualitySample.objects.create(
        unit_id="longgang/operations",
        operator=it.chief.user,
        week=date(2026, 6, 29),
        position=1,
        incident=it.case,
        deed="dispatched",
        done_at=NOW,
        drawn_at=NOW,
    )


def _sensors(it: SimpleNamespace) -> None:
    it.alert_rule = AlertRule.objects.create(position=1, name="一")
    it.inhibition = AlertInhibition.objects.create(name="一")
    it.device = AlertDevice.objects.create(code="D-1", kind="smoke", known_since=NOW)


assert Area
