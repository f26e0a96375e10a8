"""`manage.py rotate_keys`: everything sealed under the first of CONTACT_KEYS; see docs/privacy.md."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import resealing


class Command(BaseCommand):
    help = (
        "Seal everything that is kept sealed under the first of CONTACT_KEYS, while everything goes on, and "
        "say whether older keys are still needed. Broken off, it goes on where it was. Every process must "
        "have the new key in its list before (docs/privacy.md has the steps)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--index",
            action="store_true",
            help="after a change of CONTACT_INDEX_KEY: make the digests of all telephone numbers anew",
        )
        parser.add_argument("--batch", type=int, default=resealing.BATCH, help="rows in one transaction")

    def handle(self, *, index: bool, batch: int, **options: Any) -> None:
        if not 1 <= batch <= 10_000:
            raise CommandError("--batch: 1 to 10000")
        if index:
            self._index(batch)
        else:
            self._reseal(batch)

    def _reseal(self, batch: int) -> None:
        told = resealing.reseal_all(self.stdout.write, batch=batch)
        # A process that still has the old key in front has written under it meanwhile.
        self.stdout.write("Looking once more ...")
        again = resealing.reseal_all(lambda _line: None, batch=batch)
        if lost := [one for one in again if one.unreadable]:
            raise CommandError(
                "None of CONTACT_KEYS opens some of it: " + "; ".join(str(one) for one in lost) + ". Put the "
                "key that it was written with back into CONTACT_KEYS, and run this again."
            )
        if late := [one for one in again if one.done]:
            raise CommandError(
                "Somebody wrote under an older key meanwhile: " + "; ".join(str(one) for one in late) + ". "
                "Start every web process, worker and consumer anew with the new key in front, and run "
                "this again."
            )
        self.stdout.write(self.style.SUCCESS(_verdict(sum(one.done for one in told))))

    def _index(self, batch: int) -> None:
        tally = resealing.index_anew(batch=batch)
        if tally.unreadable:
            raise CommandError(f"{tally}. Put the key that it was written with back into CONTACT_KEYS.")
        self.stdout.write(str(tally))
        self.stdout.write(
            self.style.SUCCESS("Residents are known by their numbers under the CONTACT_INDEX_KEY of now.")
        )
        self.stdout.write(
            "Not made anew, for nothing is kept to make them from: who wrote to the WeChat account is a "
            "stranger once, and a code that went to a telephone within the last half hour is asked for again."
        )


def _verdict(done: int) -> str:
    older = len(settings.CONTACT_KEYS) - 1
    if not older:
        return "Everything is under the one key that there is."
    return (
        f"{done} sealed anew. Nothing that is kept here needs the other {'key' if older == 1 else 'keys'} "
        "any more: take what is older out of CONTACT_KEYS tomorrow (sign-ins and open pages hold something "
        "sealed), and keep it with the backups that were made until today: they cannot be read without."
    )
