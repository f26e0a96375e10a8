"""The Celery application as it is, but for leases of seconds: a lost one must show within the run."""

import os
from datetime import timedelta

from celery.signals import worker_process_init

from config.celery import app

__all__ = ["app"]


@worker_process_init.connect
def shorten_leases(**_kwargs: object) -> None:
    from incidents import delivery

    delivery.LEASE = timedelta(seconds=float(os.environ["CHAOS_LEASE_SECONDS"]))
