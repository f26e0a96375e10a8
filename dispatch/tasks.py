"""The messages that Celery's beat sends for the list; each makes one call, and the rows say what is due."""

from celery import shared_task

from config import clock
from dispatch.registers import runs
from dispatch.spreadsheets import checking


@shared_task(name="dispatch.check_imports")
def check_imports() -> int:
    """Check spreadsheets until none waits."""
    done = 0
    while checking.check_next(at=clock.now()) or runs.work_next(at=clock.now()):
        done += 1
    return done
