"""One dict of legal edges; every pair of states is tried."""

import re
from itertools import product
from pathlib import Path

import pytest

from incidents import state
from incidents.errors import ActionRefused
from incidents.models import Incident
from incidents.models.incident import Status

# Written out once more, from the design, so that a slip in the dict is seen.
LEGAL = {
    ("triage", "dispatched"),
    ("triage", "closed"),  # an enquiry answered on the spot, or withdrawn
    ("triage", "resolved"),  # an enquiry answered on the spot, which its source has still to accept
    ("triage", "rejected"),
    ("triage", "merged"),
    ("dispatched", "handling"),
    ("dispatched", "triage"),  # an agreed return
    ("dispatched", "closed"),  # withdrawn
    ("dispatched", "merged"),
    ("dispatched", "suspended"),
    ("handling", "resolved"),
    ("handling", "parked"),
    ("handling", "suspended"),
    ("handling", "triage"),
    ("handling", "dispatched"),  # sent elsewhere by the centre
    ("handling", "closed"),  # withdrawn
    ("handling", "merged"),
    ("resolved", "closed"),
    ("resolved", "handling"),  # not fixed
    ("resolved", "triage"),  # what the desk had answered was sent back by its source
    ("parked", "handling"),
    ("parked", "resolved"),
    ("parked", "closed"),
    ("suspended", "handling"),
    ("suspended", "dispatched"),
    ("suspended", "closed"),
    ("closed", "handling"),  # rework
    ("closed", "triage"),
    ("rejected", "triage"),
    ("merged", "triage"),
}


@pytest.mark.parametrize(("before", "after"), list(product(Status.values, Status.values)))
def test_every_pair_of_states(before: str, after: str):
    incident = Incident(number="20260707-000001", status=before)
    if (before, after) in LEGAL:
        state.transition(incident, Status(after))
        assert incident.status == after
    else:
        with pytest.raises(ActionRefused) as refused:
            state.transition(incident, Status(after))
        assert refused.value.code == "wrong_state"
        assert incident.status == before


def test_only_the_state_machine_writes_a_status():
    """A case is born with one (intake); after that every write goes through `transition`."""
    room = Path(state.__file__).parent
    writes = re.compile(r"\bincident\.status\s*=[^=]|\w\.status = Status|update\([^)]*\bstatus=")
    found = {
        path.relative_to(room).as_posix(): line.strip()
        for path in room.rglob("*.py")
        if "migrations" not in path.parts
        for line in path.read_text().splitlines()
        if writes.search(line)
    }
    assert set(found) == {"state.py", "intake/opening.py"}, found
