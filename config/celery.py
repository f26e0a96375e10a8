"""The Celery application: it only drives sweeps; what must happen is decided by rows in PostgreSQL."""

import os

from celery import Celery
from celery.signals import before_task_publish, task_postrun, task_prerun

from config import belonging, observing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("yiwang")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

before_task_publish.connect(belonging.task_is_sent)
task_prerun.connect(belonging.task_begins)
task_prerun.connect(observing.task_begins)
task_postrun.connect(observing.task_is_over)
task_postrun.connect(belonging.task_is_over)
