"""`manage.py outer_keys`: the keys of the two zones, as settings."""

import secrets

from django.core.management.base import BaseCommand

from incidents.outer import keys


class Command(BaseCommand):
    help = "Make new keys for the core and its outer zone, and print what each zone is to be given."
    requires_system_checks = []

    def handle(self, **options: object) -> None:
        secret = secrets.token_urlsafe(32)
        private, public = keys.new_pair()
        self.stdout.write(
            f"# The core. OUTER_URL: where it reaches the outer zone; empty where files are carried\n"
            f"ZONE=core\nOUTER_SECRET={secret}\nOUTER_OPEN_KEYS={private}\nOUTER_URL=\n\n"
            f"# The outer zone\nZONE=outer\nOUTER_SECRET={secret}\nOUTER_SEAL_KEY={public}\n"
        )
