"""The WSGI application that gunicorn serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from config.measuring import share_among_processes

share_among_processes()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
# Every page's module, before the workers are forked: else the first request of each waits for all of them.
get_resolver().check()

# A page makes tens of thousands of objects, and some hundred thousand are there for good: looking through
# all of them for cycles in the middle of every fourth board took as long as the board (docs/benchmarks.md).
# What was loaded is left alone from now on, and workers that are forked share it.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 100)
