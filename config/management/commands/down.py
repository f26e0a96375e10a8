"""`manage.py down`: stop what `manage.py up` started on this var folder (`make stop`)."""

import os
import re
import signal
import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.embedded import owner

_PATIENCE = 60.0  # seconds


class Command(BaseCommand):
    help = "Stop the supervisor that runs on this folder, and wait until it has."
    requires_system_checks = []

    def handle(self, **options: object) -> None:
        running = owner(settings.VAR_DIR)
        if not running:
            self.stdout.write(f"Nothing runs on {settings.VAR_DIR}.")
            return
        found = re.match(r"process (\d+)", running)
        if not found:
            raise CommandError(f"{settings.VAR_DIR}/lock is held, and does not say by whom.")
        self.stdout.write(f"stopping {running}")
        os.kill(int(found[1]), signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE
        while owner(settings.VAR_DIR):
            if time.monotonic() > deadline:
                raise CommandError(f"It still runs after {_PATIENCE:.0f} s: {running}")
            time.sleep(0.1)
        self.stdout.write("stopped")
