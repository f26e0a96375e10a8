"""The table's answer and the site's, side by side, for everybody who may ask."""

from collections.abc import Iterable, Iterator, Mapping

from config.policy.resolving import Address
from config.policy.rules import Answer, Row, Rule
from config.policy.table import VARIANTS, keys_of
from tests.config.policy import addresses
from tests.config.policy.asking import TOLD, Somebody, World, forms, worth_asking

# Here the thing itself is missing, not made up for this test: who is let in finds that there is none.
EMPTY = {
    "api-forecast": "no forecast has been made",
    "api-dataset-rows": "no snapshot has been built",
    "api-dataset-file": "no snapshot has been built",
    "data-file": "no snapshot has been built",
    "api:import-refused": "nothing was refused",
    "bulk-refused": "nothing was refused",
    "api:mediation-pdf": "no agreement is written",
    "mediation-pdf": "no agreement is written",
    "mediation-scan": "no scan is kept",
    "api:mediation-take-out": "no scan is kept",
    "petition-scan": "no letter was scanned",
    "learning-cases": "nothing was learnt",
    "rehearsal-export": "no rehearsal has ended",
    "rehearsal-case": "no rehearsal has ended",
    "patrol-fix": "nobody found it on a round",
    "view-remove": "another's",
}


def differences(world: World, rows: Mapping[str, Row], some: Iterable[Address]) -> list[str]:
    """Where somebody is answered otherwise than the table says."""
    things, told = addresses.named(world.things), forms(world.things)
    found = []
    for one in some:
        for key in keys_of(one):
            said = {VARIANTS[one.name][0]: key.partition("[")[2].rstrip("]")} if "[" in key else {}
            url = addresses.address_of(one, things, **said) + TOLD.get(one.name, "")
            for method, rule in rows.get(key, {}).items():
                for who in _who(world, one, rule):
                    answer = world.ask(who, method, url, rest=_is_for_tokens(one), form=told.get(one.name))
                    wanted = expected(rule, who)
                    if answer != wanted and not _is_empty(one, rule, answer, wanted):
                        found.append(
                            f"{key} {method}: {who.name} is answered {answer}, the table says {wanted}"
                        )
    return found


def expected(rule: Rule, who: Somebody) -> Answer:
    """What the table says."""
    if who.scope is not None:
        return rule.to_token(who.scope, source=who.source, owns=who.owns)
    if who.role is not None and who.place is not None:
        return rule.to_person(who.role, who.place)
    return rule.to_nobody() if who.name == "nobody" else rule.to_roleless()


def _is_empty(one: Address, rule: Rule, answer: str, wanted: str) -> bool:
    """Is it only that there is nothing to be let in to? A public address may be about what is not there."""
    if answer != Answer.HIDDEN or wanted == Answer.DOOR:
        return False
    return one.name in EMPTY or (rule.public and wanted == Answer.IN)


def _is_for_tokens(one: Address) -> bool:
    return one.is_rest or one.pattern.startswith("open311/")


def _who(world: World, one: Address, rule: Rule) -> Iterator[Somebody]:
    yield from worth_asking(one, world.people, rule)
    yield from (world.roleless, world.nobody)
    if _is_for_tokens(one):
        yield from world.tokens
