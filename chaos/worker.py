"""The Celery application as it is, but for leases of seconds: a lost one must show within the run."""

import os

from celery.signals import worker_process_init

from config.celery import app

__all__ = ["app"]


@worker_process_init.connect
def shorten_leases(**_kwargs: object) -> None:
    from incidents import delivery

    delivery.SENDING = float(os.environ["CHAOS_SENDING_SECONDS"])
