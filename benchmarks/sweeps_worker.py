"""The Celery worker of the sweeps bench: `celery --app benchmarks.sweeps_worker worker`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from benchmarks.sweeps_rivals import app  # noqa: E402

__all__ = ["app"]
