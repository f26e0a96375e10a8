"""`manage.py forget`: what was kept for long enough goes now, as the worker lets it go every hour."""

from typing import Any

from django.core.management.base import BaseCommand

from config import clock
from incidents.privacy import ageing, asking, files


class Command(BaseCommand):
    help = "Anonymise the cases whose time is over (docs/privacy.md), and forget what else was kept for it."

    def handle(self, **options: Any) -> None:
        at = clock.now()
        deleted = 0
        while done := files.sweep():
            deleted += done
        rest = ageing.forget_the_rest(at=at)
        requests = asking.lapse(at=at)
        reached: ageing.Reached = {}
        cases = 0
        while done := ageing.step(at=at, reached=reached):
            cases += done
        self.stdout.write(
            f"Cases {cases}, mediations {rest['mediations']}, members of councils {rest['members']}, imports "
            f"{rest['imports']}, numbers of requests {requests}, files deleted {deleted}."
        )
