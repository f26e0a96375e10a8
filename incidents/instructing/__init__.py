"""批示 with report-back: a leader's instruction, the units' reports, and what the office says to them.

An instruction is no case and moves none: it is about cases, or about what no case says. So it has no
timers of its own but one due time for each unit, which a sweep watches.
"""

from incidents.instructing.giving import give, withdraw
from incidents.instructing.reporting import judge, report

__all__ = ["give", "judge", "report", "withdraw"]
