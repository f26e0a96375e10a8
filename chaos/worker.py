"""The Celery application as it is, but for leases of seconds, which must show within the run when lost, and
a look at the calendar every second: half a minute is more than a day of a district this fast."""

import os

from celery.signals import worker_process_init

from config.celery import app

__all__ = ["app"]

app.conf.beat_schedule["incidents.move_clocks"].update(schedule=1.0, options={"expires": 5.0})


@worker_process_init.connect
def shorten_leases(**_kwargs: object) -> None:
    from incidents import delivery

    delivery.SENDING = float(os.environ["CHAOS_SENDING_SECONDS"])
