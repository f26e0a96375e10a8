"""What happens to the responsibility list reaches those whom it concerns, in their inbox."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import NoticePreference, User
from accounts.roles import Role
from config.context import navigation
from dispatch import lists
from dispatch.models import ListEvent, ResponsibilityList
from incidents import delivery, letters, list_news, notices
from incidents.models import Notification, OutboxMessage, Parcel
from tests.cast import LAMP_UNIT, TUESDAY, Person, person
from tests.dispatch.versions import DAY, FOREIGN_ITEM, HOUR, LAMP_ITEM, adopted, change, new_draft, proposal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


def told(at: datetime) -> set[tuple[str, str]]:
    """Sweep everything away that is due, and answer who has which notice unread: (name, kind)."""
    while list_news.tell(at=at) + delivery.spread(at=at):
        pass
    rows = Notification.objects.filter(read_at__isnull=True).select_related("user")
    found = {(row.user.username, row.kind.removeprefix("list.")) for row in rows}
    Notification.objects.update(read_at=at)
    return found


def words_for(user: User, kind: str) -> list[str]:
    rows = Notification.objects.filter(user=user, kind=f"list.{kind}").select_related("message", "incident")
    return [notices.of(row) for row in rows.order_by("pk")]


def test_from_a_proposal_that_goes_back_to_its_adoption(
    steward: Person, chief_steward: Person, lamps_steward: Person
) -> None:
    draft = new_draft(lamps_steward)
    change(draft, lamps_steward)
    change(draft, steward, FOREIGN_ITEM)  # another hand in it
    proposed = lists.propose(draft=draft, remark="请审", by=lamps_steward.user, at=TUESDAY)
    assert told(TUESDAY) == {("steward", "proposed"), ("chief-steward", "proposed")}

    lists.send_back(proposed=proposed, remark="再看", by=chief_steward.user, at=TUESDAY)
    assert told(TUESDAY) == {("steward", "sent_back"), ("lamps-steward", "sent_back")}

    again = lists.propose(draft=draft, remark="改好", by=lamps_steward.user, at=TUESDAY)
    told(TUESDAY)
    lists.adopt(proposed=again, by=chief_steward.user, at=TUESDAY + HOUR)
    # Who wrote it hears that it was adopted, and not a second time that it is live.
    assert told(TUESDAY + HOUR) == {("steward", "adopted"), ("lamps-steward", "adopted")}
    assert OutboxMessage.objects.filter(kind="list.given").count() == 0  # the lamps stay the lamps'
    assert words_for(lamps_steward.user, "adopted") == [
        f"Responsibility list, version {draft.version}: It was adopted and has been live since 7 Jul, 11:00."
    ]


def test_what_begins_later_is_told_when_it_begins(
    steward: Person, chief_steward: Person, lamps_steward: Person
) -> None:
    begins = TUESDAY + 3 * DAY
    mine = new_draft(lamps_steward, "灯具自己的草稿")
    adopted(steward, chief_steward, starts_at=begins)
    # Nobody is asked to decide on what has been decided meanwhile.
    assert told(TUESDAY) == {("steward", "adopted")}
    assert "goes live on 10 Jul, 10:00" in words_for(steward.user, "adopted")[0]
    assert told(begins - HOUR) == set()

    assert told(begins) == {
        ("steward", "live"),
        ("chief-steward", "live"),
        ("lamps-steward", "live"),  # its item is another one now
        ("lamps-steward", "behind"),  # and its draft rests on what was live before
    }
    assert words_for(lamps_steward.user, "live")[0].endswith("It is live now. 1 item of yours has changed.")
    assert words_for(chief_steward.user, "live")[0].endswith("It is live now. 1 item has changed.")
    assert words_for(lamps_steward.user, "behind")[0].startswith(
        f"Responsibility list, version {mine.version}: Version {mine.version + 1} has gone live meanwhile."
    )
    assert told(begins + DAY) == set()


def test_a_beginning_that_is_taken_back_is_not_told_as_live(
    steward: Person, chief_steward: Person, handler: Person
) -> None:
    begins = TUESDAY + 3 * DAY
    term = adopted(steward, chief_steward, starts_at=begins, code=FOREIGN_ITEM, lead_unit=LAMP_UNIT)
    assert told(TUESDAY) >= {("steward", "adopted"), ("handler", "given")}
    assert words_for(handler.user, "given")[0].endswith(
        f"From 10 Jul, 10:00 on your unit leads 1 more item: {FOREIGN_ITEM}."
    )
    lists.withdraw_term(term=term, by=chief_steward.user, at=TUESDAY + HOUR)
    assert told(TUESDAY + HOUR) == {("steward", "withdrawn"), ("handler", "not_given")}
    assert told(begins + HOUR) == set()
    assert not ListEvent.objects.filter(told_at__isnull=True).exists()


def test_a_unit_hears_of_the_items_that_it_did_not_lead(
    steward: Person, chief_steward: Person, handler: Person
) -> None:
    head = person("lamps-head", Role.LEADER, LAMP_UNIT)
    team = person("pinghu-enforcer", Role.HANDLER, "pinghu/enforcement")
    draft = new_draft(steward)
    change(draft, steward, FOREIGN_ITEM, lead_unit=LAMP_UNIT)
    change(draft, steward, LAMP_ITEM, lead_unit="@street/enforcement")
    lists.adopt(
        proposed=lists.propose(draft=draft, remark="", by=steward.user, at=TUESDAY),
        by=chief_steward.user,
        at=TUESDAY,
    )
    found = told(TUESDAY)
    assert {("handler", "given"), ("lamps-head", "given"), (team.user.username, "given")} <= found
    assert words_for(head.user, "given")[0].endswith(f"your unit leads 1 more item: {FOREIGN_ITEM}.")
    assert words_for(team.user, "given")[0].endswith(f"your unit leads 1 more item: {LAMP_ITEM}.")


def test_going_back_is_told_to_whose_items_change_and_to_who_wrote_what_goes(
    steward: Person, chief_steward: Person, lamps_steward: Person, handler: Person
) -> None:
    first = ResponsibilityList.objects.live(TUESDAY).get()
    draft = new_draft(lamps_steward)
    change(draft, lamps_steward)
    proposed = lists.propose(draft=draft, remark="", by=lamps_steward.user, at=TUESDAY)
    lists.adopt(proposed=proposed, by=chief_steward.user, at=TUESDAY)
    behind = new_draft(chief_steward, at=TUESDAY + HOUR)
    told(TUESDAY + HOUR)
    lists.roll_back(to=first, reason="退件激增", by=chief_steward.user, at=TUESDAY + 2 * HOUR)
    assert told(TUESDAY + 2 * HOUR) == {
        ("steward", "live_again"),
        ("lamps-steward", "live_again"),
        ("chief-steward", "behind"),  # what it has begun since rests on what was taken away
    }
    assert words_for(lamps_steward.user, "live_again")[0].endswith(
        f"It is live again, in the place of version {draft.version}. 1 item of yours has changed."
    )
    assert words_for(chief_steward.user, "behind")[0].startswith(
        f"Responsibility list, version {behind.version}:"
    )


def test_an_event_is_told_once_and_by_the_channels_that_each_has_chosen(
    steward: Person, chief_steward: Person
) -> None:
    User.objects.filter(pk=chief_steward.user.pk).update(email="shen@example.org")
    NoticePreference.objects.create(user=chief_steward.user, language="en")
    waiting = proposal(steward)
    told(TUESDAY)
    ListEvent.objects.update(told_at=None)  # a sweep that comes again says nothing twice
    assert told(TUESDAY) == set()
    mail = Parcel.objects.get(user=chief_steward.user)
    letter = letters.write([mail])[mail.pk]
    assert f"/lists/{waiting.version}/" in letter.body  # type: ignore[union-attr]


def test_what_waits_for_a_decision_is_counted_at_the_menu_for_who_decides(
    steward: Person,
    chief_steward: Person,
    lamps_steward: Person,
    settings: Any,
    client: Client,
) -> None:
    waiting = proposal(steward)

    def count(who: Person) -> str:
        client.force_login(who.user)
        request = client.get("/lists/").wsgi_request
        entry = next(
            one for one in navigation(request, User.objects.get(pk=who.user.pk)) if "lists" in one["url"]
        )
        return str(entry["count"])

    assert (count(chief_steward), count(steward), count(lamps_steward)) == ("1", "", "")
    settings.LIST_FOUR_EYES = False
    assert count(steward) == "1"
    lists.send_back(proposed=waiting, remark="再看", by=chief_steward.user, at=TUESDAY)
    assert count(chief_steward) == ""


def test_a_notice_leads_to_the_version_and_says_where_it_cannot(
    steward: Person, chief_steward: Person, handler: Person, client: Client
) -> None:
    term = adopted(steward, chief_steward, starts_at=TUESDAY + DAY, code=FOREIGN_ITEM, lead_unit=LAMP_UNIT)
    told(TUESDAY)
    client.force_login(handler.user)
    given = Notification.objects.get(user=handler.user)
    assert client.get(f"/notices/{given.pk}/").headers["Location"] == f"/lists/{term.list.version}/changes/"
    lists.withdraw_term(term=term, by=chief_steward.user, at=TUESDAY + HOUR)
    told(TUESDAY + HOUR)
    gone = Notification.objects.get(user=handler.user, kind="list.not_given")
    page = client.get(f"/notices/{gone.pk}/", follow=True)
    assert page.redirect_chain == [("/lists/", 302)]
    assert f"Version {term.list.version} is not live" in page.content.decode()
