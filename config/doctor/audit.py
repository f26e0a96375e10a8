"""Is the audit log sealed, and is it as it was written? (docs/audit.md)"""

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.audit.state import seal_state
from config.doctor.finding import Finding, Level

_CHECK = "audit-log"


def audit_log(*, now: datetime) -> Iterator[Finding]:
    """Tampering first, then a seal that lags, then a log that nobody has looked through."""
    state = seal_state(at=now)
    if state.lost:
        yield Finding(
            _CHECK,
            Level.PROBLEM,
            _("The end of the audit log is missing: the head that is kept outside is not in the database."),
            _(
                "After a restore: manage.py audit --accept-head --reason …. Otherwise rows were taken away: "
                "docs/audit.md says what to keep."
            ),
        )
    elif state.spoilt:
        yield Finding(
            _CHECK,
            Level.PROBLEM,
            _("The file outside the database that keeps the head of the audit log cannot be read."),
            _(
                "Nothing is sealed meanwhile. Look at the disk, run manage.py audit --verify, and where it "
                "finds no other fault: manage.py audit --accept-head --reason …."
            ),
        )
    elif state.is_broken:
        yield Finding(
            _CHECK,
            Level.PROBLEM,
            _("The last look through the audit log found that it is not as it was written."),
            _("manage.py audit --verify tells which rows; docs/audit.md says what to keep."),
        )
    elif state.is_late:
        yield Finding(
            _CHECK,
            Level.WARNING,
            _("Rows of the audit log wait for their seal for more than ten minutes."),
            _("Look whether worker and beat run; manage.py audit --seal seals at once."),
        )
    elif state.is_unchecked:
        yield Finding(
            _CHECK,
            Level.WARNING,
            _("The audit log was not looked through for more than two days."),
            _("Look whether worker and beat run at night, or run manage.py audit --verify."),
        )
    else:
        yield Finding(_CHECK, Level.GOOD, _("The audit log is sealed and as it was written."))
