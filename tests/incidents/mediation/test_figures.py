"""化解率 and repeat disputes, and the disputes before this one."""

from datetime import timedelta

import pytest

from incidents import actions
from incidents.errors import InvalidInput
from incidents.mediating import Mediated
from incidents.mediation import files
from incidents.mediation.figures import figures_of
from incidents.mediation.writing import Party
from incidents.models import Incident
from tests.cast import TUESDAY, Person
from tests.incidents.mediation.conftest import AN_HOUR, Hands, accepted, new_dispute, resolve

pytestmark = pytest.mark.django_db


class TestFigures:
    def test_the_share_is_settled_of_those_taken_in(
        self, dispute: Incident, hands: Hands, mediator: Person, supervisor: Person
    ) -> None:
        accepted(new_dispute(joins=""), mediator)  # taken in, still being mediated
        new_dispute(joins="")  # not taken in yet
        hands.settle(dispute)
        resolve(dispute, mediator, Mediated("peoples", settled=True))
        found = figures_of(supervisor.user, at=TUESDAY + 4 * AN_HOUR)
        assert (found.taken_in, found.handled, found.settled, found.share) == (2, 1, 1, 0.5)

    def test_nothing_taken_in_is_no_share(self, supervisor: Person) -> None:
        assert figures_of(supervisor.user, at=TUESDAY).share is None

    def test_others_disputes_are_not_counted(self, dispute: Incident, other_handler: Person) -> None:
        assert figures_of(other_handler.user, at=TUESDAY + AN_HOUR).taken_in == 0


class TestEarlierDisputes:
    def test_the_same_people_are_found_by_their_number(
        self, dispute: Incident, hands: Hands, mediator: Person, other_handler: Person
    ) -> None:
        hands.settle(dispute)
        later = accepted(new_dispute(joins="", at=TUESDAY + timedelta(minutes=1)), mediator)
        file = hands.open(later, Party("applicant", "赵先生", "135 1111 2222"))
        shown = files.earlier_of(file, mediator.user, lifted=True)
        assert ([one.pk for one in shown.cases], shown.veiled) == ([dispute.pk], 0)
        masked = files.earlier_of(file, mediator.user, lifted=False)
        assert (masked.cases, masked.veiled) == ([], 1)
        # Only what the reader sees, and only what came before.
        assert files.earlier_of(file, other_handler.user, lifted=True).cases == []
        first = dispute.mediation_files.get()
        assert files.earlier_of(first, mediator.user, lifted=True).cases == []

    def test_one_is_named_by_its_number(
        self, dispute: Incident, hands: Hands, mediator: Person, lamp_case: Incident
    ) -> None:
        later = accepted(new_dispute(joins="", at=TUESDAY + timedelta(minutes=1)), mediator)
        file = hands.open(later, Party("applicant", "某人"))
        common = {"file": file.pk, "actor": mediator.actor, "at": hands.at}
        for number in (lamp_case.number, later.number, "20200101-000001"):
            with pytest.raises(InvalidInput) as refused:
                actions.name_earlier(earlier=number, **common)  # type: ignore[arg-type]
            assert refused.value.field == "earlier"
        actions.name_earlier(earlier=dispute.number, **common)  # type: ignore[arg-type]
        actions.name_earlier(earlier=dispute.number, **common)  # type: ignore[arg-type]
        assert [one.pk for one in files.earlier_of(file, mediator.user, lifted=False).cases] == [dispute.pk]
        line = later.timeline.get(kind="mediation_earlier")  # said twice, named once
        assert (line.actor, dispute.number in str(line.data)) == (mediator.user, False)
