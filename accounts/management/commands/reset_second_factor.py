"""`manage.py reset_second_factor NAME --reason ...`: where the only administrator has lost theirs."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.identity import factors
from accounts.identity.where import Where
from accounts.models import User


class Command(BaseCommand):
    help = "Take somebody's second factor away, by who keeps the server; it stands in their history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="why, and who asked")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"Nobody is called {options['username']!r}.")
        try:
            factors.reset(user=user, actor=None, reason=options["reason"], at=timezone.now(), where=Where())
        except factors.Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"The second factor of {user.username} is reset.")
