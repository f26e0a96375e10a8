"""`manage.py systems ...`: what Installation → Other systems does, on the server. A token is printed once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import ApiClient, Scope
from accounts.systems import addresses, keeping
from incidents.pages.system_forms import DOORS
from incidents.pages.system_words import standing_of


class Command(BaseCommand):
    help = "List other systems, issue and replace their tokens, switch them off; it stands in their history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        what.add_parser("list", help="every system, until when, and when it was last heard")
        new = what.add_parser("issue", help="a new system and its token")
        new.add_argument("name")
        new.add_argument("--source", required=True, choices=[code for code, _label in DOORS])
        new.add_argument("--scope", action="append", choices=Scope.values, help="report and read by default")
        new.add_argument("--unit", help="the code of the unit that it is of")
        new.add_argument("--address", action="append", default=[], help="10.1.2.0/24; again for more")
        new.add_argument("--expires", help="2027-06-30T23:59+08:00")
        again = what.add_parser("rotate", help="a new token; the present one stays good for a while")
        again.add_argument("name")
        again.add_argument("--hours", type=int, default=24, help="so long the present one stays good: 24")
        again.add_argument("--expires", help="2027-06-30T23:59+08:00")
        for word, told in (
            ("end-old", "end a replaced token before its time"),
            ("off", "take none of its tokens"),
            ("on", "take them again"),
        ):
            what.add_parser(word, help=told).add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        doing = {
            "list": self._list,
            "issue": self._issue,
            "rotate": self._rotate,
            "end-old": self._end_old,
            "off": self._switch,
            "on": self._switch,
        }
        try:
            doing[options["what"]](options)
        except keeping.NotTaken as refusal:
            raise CommandError(f"{refusal.field}: {refusal}") from refusal

    def _list(self, options: dict[str, Any]) -> None:
        at = timezone.now()
        for client in ApiClient.objects.order_by("name"):
            used = client.last_used_at.isoformat(timespec="minutes") if client.last_used_at else "never"
            words = standing_of(client, at).words
            self.stdout.write(
                f"{client.name}\t{client.source}\t{','.join(client.scopes)}\t{client.unit_id or '-'}\t{words}"
                f"\tlast used {used}"
            )

    def _issue(self, options: dict[str, Any]) -> None:
        try:
            networks = addresses.read(" ".join(options["address"]))
        except addresses.NotANetwork as error:
            raise CommandError(f"address: {error}") from error
        terms = keeping.Terms(
            name=options["name"],
            source=options["source"],
            scopes=options["scope"] or [Scope.REPORT.value, Scope.READ.value],
            unit=options["unit"],
            addresses=networks,
            expires_at=_moment(options["expires"]),
        )
        _client, token = keeping.issue(terms=terms, actor=None, at=timezone.now())
        self.stdout.write(token)

    def _rotate(self, options: dict[str, Any]) -> None:
        token = keeping.rotate(
            client=_named(options["name"]),
            overlap=timedelta(hours=options["hours"]),
            expires_at=_moment(options["expires"]),
            actor=None,
            at=timezone.now(),
        )
        self.stdout.write(token)

    def _end_old(self, options: dict[str, Any]) -> None:
        ended = keeping.end_old(client=_named(options["name"]), actor=None, at=timezone.now())
        self.stdout.write(f"{ended} ended")

    def _switch(self, options: dict[str, Any]) -> None:
        on = options["what"] == "on"
        changed = keeping.switch(client=_named(options["name"]), on=on, actor=None, at=timezone.now())
        self.stdout.write(f"switched {options['what']}" if changed else "it was so already")


def _named(name: str) -> ApiClient:
    client = ApiClient.objects.filter(name=name).first()
    if client is None:
        raise CommandError(f"No system is called {name!r}: see `manage.py systems list`.")
    return client


def _moment(told: str | None) -> Any:
    if told is None:
        return None
    try:
        at = parse_datetime(told)
    except ValueError:
        at = None
    if at is None or timezone.is_naive(at):
        raise CommandError(f"expires: {told!r} is no moment with its offset, such as 2027-06-30T23:59+08:00.")
    return at
