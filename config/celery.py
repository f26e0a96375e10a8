"""The Celery application: it only drives sweeps; what must happen is decided by rows in PostgreSQL."""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("yiwang")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Each message expires before it could pile up: a worker that comes back after an hour finds one of
# each, and the rows themselves say what is due.
app.conf.beat_schedule = {
    task: {
        "task": task,
        "schedule": settings.SWEEP_INTERVAL,
        "options": {"expires": max(10.0, settings.SWEEP_INTERVAL * 5)},
    }
    for task in ("incidents.fire_stages", "incidents.perform_actions", "incidents.deliver_messages")
}
