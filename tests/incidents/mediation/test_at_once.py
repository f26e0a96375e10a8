"""Two mediators at one table: one of them is first, and the other is told so."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from accounts.roles import Role
from incidents import actions
from incidents.errors import ActionRefused
from incidents.models import Incident, MediationFile, MediationParty
from tests.cast import Person, person, reload
from tests.incidents.mediation.conftest import APPLICANT, TERMS, Hands

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def colleague(sent: Incident) -> Hands:
    return Hands(person("colleague", Role.HANDLER, sent.owner_unit_id, "李调解"))


def at_once(*steps: Callable[[], object]) -> list[str]:
    """Take the steps at the same moment, each on a connection of its own; answers how those went that did not
    go through: a refusal's code, or the name of what was raised."""
    said: list[str] = []
    start = threading.Barrier(len(steps))

    def attempt(step: Callable[[], object]) -> None:
        try:
            start.wait()
            step()
        except ActionRefused as refused:
            said.append(refused.code)
        except Exception as error:
            said.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def test_two_who_take_it_on_open_one_file(dispute: Incident, hands: Hands, colleague: Hands) -> None:
    said = at_once(lambda: hands.open(dispute), lambda: colleague.open(dispute))
    assert said == ["already_open"]
    assert dispute.mediation_files.count() == 1
    assert MediationParty.objects.count() == 2
    assert dispute.timeline.filter(kind="mediation_opened").count() == 1


def test_two_who_saw_the_same_file_write_one_agreement(
    dispute: Incident, hands: Hands, colleague: Hands
) -> None:
    file = hands.open(dispute)
    said = at_once(
        lambda: hands.agree(file, TERMS, seen_version=1),
        lambda: colleague.agree(file, "各退一步", seen_version=1),
    )
    assert said == ["stale"]
    assert [one.edition for one in file.agreements.all()] == [1]


def test_two_presses_confirm_once(dispute: Incident, hands: Hands, colleague: Hands) -> None:
    file = hands.open(dispute)
    hands.agree(file)
    party = file.parties.get(side="applicant")
    said = at_once(lambda: hands.confirm(file, party), lambda: colleague.confirm(file, party))
    assert said == ["already_confirmed"]
    assert dispute.timeline.filter(kind="mediation_confirmed").count() == 1


def test_a_session_and_a_sending_elsewhere_leave_one_truth(
    dispute: Incident, hands: Hands, dispatcher: Person
) -> None:
    """Whichever is first: nothing is written into a file that has broken off."""
    file = hands.open(dispute)
    said = at_once(
        lambda: hands.meet(file),
        lambda: actions.redispatch(
            number=dispute.number,
            item_code="1401-001",
            unit_code="justice",
            reason="换单位调解",
            actor=dispatcher.actor,
            at=hands.at,
        ),
    )
    assert said in ([], ["not_allowed"])
    assert MediationFile.objects.get(pk=file.pk).state == "overtaken"
    assert reload(dispute).owner_unit_id == "justice"
    assert file.sessions.count() == 1 - len(said)


def test_two_who_add_a_party_give_each_a_place(dispute: Incident, hands: Hands, colleague: Hands) -> None:
    file = hands.open(dispute)
    said = at_once(
        *(
            lambda who=who: actions.add_party(file=file.pk, party=APPLICANT, actor=who.who.actor, at=who.at)
            for who in (hands, colleague)
        )
    )
    assert said == []
    assert [one.position for one in file.parties.all()] == [1, 2, 3, 4]
