"""Celery: queues, and which sweep is asked for how often."""

from celery.schedules import crontab
from kombu import Queue

from config.settings.base import env
from config.settings.outer import OUTER_REACH_SECONDS, OUTER_URL

# The broker only drives sweeps: with it down, reports still arrive and are still dispatched.
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")


def broker_url(url: str) -> str:
    """kombu's spelling of a redis-py URL: a socket needs another scheme and parameter."""
    if url.startswith("unix://"):
        return "redis+socket://" + url.removeprefix("unix://").replace("?db=", "?virtual_host=")
    return url


CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
# The clocks have a queue of their own, and should have a worker of their own (-Q clocks): a mail server
# that hangs then delays no deadline. What takes minutes (rehearsals, imports) has a third (-Q long). A
# worker that is told no queue works for all.
CELERY_TASK_QUEUES: tuple[Queue, ...] = (Queue("clocks"), Queue("telling"), Queue("long"))
CELERY_TASK_DEFAULT_QUEUE = "telling"
CELERY_TASK_ROUTES = {
    f"incidents.{task}": {"queue": "clocks"} for task in ("fire_stages", "perform_actions", "move_clocks")
} | {
    task: {"queue": "long"}
    for task in (
        "incidents.rehearse",
        "incidents.take_in_files",
        "dispatch.check_imports",
        "dashboards.build_datasets",
        "dashboards.make_briefs",
        "accounts.verify_audit",
    )
}
CELERY_TASK_ACKS_LATE = False  # a sweep that was lost is made up for by the next tick
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_TASK_TIME_LIMIT = 120
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 2}
# How often beat asks for each sweep, in seconds.
SWEEP_INTERVAL = env.float("SWEEP_INTERVAL", default=1.0)
# Each message expires before it could pile up: a worker that comes back after an hour finds a few of
# each, and the rows themselves say what is due.
CELERY_BEAT_SCHEDULE = {
    task: {
        "task": task,
        "schedule": SWEEP_INTERVAL,
        "options": {"expires": max(10.0, SWEEP_INTERVAL * 5)},
    }
    for task in ("incidents.fire_stages", "incidents.perform_actions", "incidents.deliver_messages")
} | {
    "incidents.send_digests": {
        "task": "incidents.send_digests",
        "schedule": 60.0,
        "options": {"expires": 120.0},
    },
    # Boards count what is not folded yet as well, so this is about speed, not about freshness.
    "dashboards.fold": {"task": "dashboards.fold", "schedule": 5.0, "options": {"expires": 30.0}},
    "incidents.move_clocks": {
        "task": "incidents.move_clocks",
        "schedule": 30.0,
        "options": {"expires": 60.0},
    },
    # What came in is found by its words within 5 s.
    "incidents.fill_search_rows": {
        "task": "incidents.fill_search_rows",
        "schedule": 2.0,
        "options": {"expires": 10.0},
    },
    # The supervisors' page has what is said again a few seconds after it came in.
    "incidents.find_repeats": {
        "task": "incidents.find_repeats",
        "schedule": 5.0,
        "options": {"expires": 15.0},
    },
    # Alerts that have been quiet for long enough, and what a delivery left half done.
    "incidents.settle_alerts": {
        "task": "incidents.settle_alerts",
        "schedule": 10.0,
        "options": {"expires": 30.0},
    },
    # Of units that were merged: somebody watches the number go down.
    "incidents.hand_over_cases": {
        "task": "incidents.hand_over_cases",
        "schedule": 5.0,
        "options": {"expires": 15.0},
    },
    "incidents.remind": {"task": "incidents.remind", "schedule": 60.0, "options": {"expires": 120.0}},
    # Somebody looks on: it should begin at once.
    "incidents.rehearse": {"task": "incidents.rehearse", "schedule": 2.0, "options": {"expires": 4.0}},
    "incidents.take_in_files": {
        "task": "incidents.take_in_files",
        "schedule": 1.0,
        "options": {"expires": 4.0},
    },
    "dispatch.check_imports": {
        "task": "dispatch.check_imports",
        "schedule": 1.0,
        "options": {"expires": 4.0},
    },
    "incidents.remove_unused_pictures": {
        "task": "incidents.remove_unused_pictures",
        "schedule": 3600.0,
        "options": {"expires": 600.0},
    },
    # What was kept for as long as it may be: mostly nothing.
    "incidents.forget": {
        "task": "incidents.forget",
        "schedule": 3600.0,
        "options": {"expires": 600.0},
    },
    # A week's samples of decisions, on the Monday after; any other day makes up for a lost message.
    "incidents.draw_samples": {
        "task": "incidents.draw_samples",
        "schedule": crontab(hour=19, minute=10),
        "options": {"expires": 3600.0},
    },
    # Every full hour is looked at once; any later minute makes up for a lost message.
    "dashboards.find_bursts": {
        "task": "dashboards.find_bursts",
        "schedule": 60.0,
        "options": {"expires": 120.0},
    },
    # At half past three in Shenzhen, when nobody looks.
    "dashboards.find_repeats": {
        "task": "dashboards.find_repeats",
        "schedule": 300.0,
        "options": {"expires": 300.0},
    },
    # Every quarter of the day is looked at once.
    "dashboards.find_themes": {
        "task": "dashboards.find_themes",
        "schedule": 600.0,
        "options": {"expires": 600.0},
    },
    # Once a day, soon after midnight in Shenzhen; any later run makes up for a lost message.
    "dashboards.make_forecast": {
        "task": "dashboards.make_forecast",
        "schedule": crontab(minute=5),
        "options": {"expires": 1800.0},
    },
    # Opens new scoring periods, and closes the time for appeals where it is over.
    "dashboards.keep_scores": {
        "task": "dashboards.keep_scores",
        "schedule": 300.0,
        "options": {"expires": 600.0},
    },
    # Weekly and monthly briefs: what is due is begun once, and goes out once its draft's time is up.
    "dashboards.make_briefs": {
        "task": "dashboards.make_briefs",
        "schedule": 60.0,
        "options": {"expires": 120.0},
    },
    # Files of the data sets: what is due says the table, mostly nothing.
    "dashboards.build_datasets": {
        "task": "dashboards.build_datasets",
        "schedule": 300.0,
        "options": {"expires": 300.0},
    },
    # Behind the writers of the audit log; once a night the whole of it is looked through.
    "accounts.seal_audit": {"task": "accounts.seal_audit", "schedule": 10.0, "options": {"expires": 30.0}},
    # Sessions that are over, and django-axes' logs after half a year: at night in Shenzhen.
    "accounts.tidy_sign_ins": {
        "task": "accounts.tidy_sign_ins",
        "schedule": crontab(hour=18, minute=40),
        "options": {"expires": 3600.0},
    },
    "accounts.verify_audit": {
        "task": "accounts.verify_audit",
        "schedule": crontab(hour=18, minute=40),
        "options": {"expires": 3600.0},
    },
    "dashboards.verify": {
        "task": "dashboards.verify",
        "schedule": crontab(hour=19, minute=30),
        "options": {"expires": 3600.0},
    },
    "dashboards.compact": {
        "task": "dashboards.compact",
        "schedule": crontab(hour=19, minute=10),
        "options": {"expires": 3600.0},
    },
}
if OUTER_URL:
    # A queue and a worker of its own: a line that drips delays no notice, and no notice a report.
    CELERY_TASK_QUEUES = (*CELERY_TASK_QUEUES, Queue("outer"))
    CELERY_TASK_ROUTES["incidents.reach_outer"] = {"queue": "outer"}
    CELERY_BEAT_SCHEDULE["incidents.reach_outer"] = {
        "task": "incidents.reach_outer",
        "schedule": OUTER_REACH_SECONDS,
        "options": {"expires": max(10.0, OUTER_REACH_SECONDS * 3)},
    }
