"""The whole document of the API, asked as everybody: what it says may be sent, and what it says may not.

Whatever is sent: no answer is a fault of ours, none has a status that the document does not tell, and each
has the headers and the body that it tells. Once through in the tests, in turn, always the same; `make attack`
asks each operation as each role, other things each time.
"""

import contextlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, resolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from pytest_django import DjangoDbBlocker
from schemathesis import GenerationMode

from accounts.models import ApiClient, Scope
from accounts.roles import Role
from config.policy.rules import Answer, Place
from config.policy.table import table
from tests.config.policy.asking import Somebody, World
from tests.config.policy.comparing import expected
from tests.config.policy.things import NOW
from tests.security import document

EXPLORE = int(os.environ.get("EXPLORE", "1"))
# Examples of an operation: of who is let in where all are asked in turn, of each where each is.
FEW, MANY = 3, max(1, EXPLORE // 4)
_OF_UNITS = (Role.HANDLER, Role.PATROL, Role.STEWARD)
PEOPLE = [f"{role} {Place.UNIT if role in _OF_UNITS else Place.DISTRICT}" for role in Role]
EVERYBODY = [*PEOPLE, f"{Role.SUPERVISOR} {Place.OTHER_STREET}", "token", "another's token", "nobody"]
IN_TURN = "everybody in turn"
MODES = [GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


class Asking:
    """Everybody with a browser or a token of their own, in a district with one of everything."""

    def __init__(self) -> None:
        self.world = World()
        self.real = document.real_parameters(self.world.things)
        self.words = document.words_of(self.world.things)
        self.statuses: Counter[tuple[str, int]] = Counter()
        _other, secret = ApiClient.objects.issue(name="other", source="sensor", scopes=list(Scope))
        self._tokens = {"token": self.world.things.secret, "another's token": secret}
        self._clients: dict[str, Client] = {}

    def insider(self, operation: Any) -> str:
        """Who is let in to this by the table of permissions; nobody where none of these is."""
        name = _name_of(_path(operation, self.real[operation.path]))
        rule = table()[name][operation.method.upper()]
        token = next(one for one in self.world.tokens if one.owns)
        for who in (one for one in self.world.people if one.name in EVERYBODY):
            if expected(rule, who) == Answer.IN:
                return who.name
        return "token" if any(expected(rule, one) == Answer.IN for one in _scopes(token)) else "nobody"

    def ask(self, who: str, operation: Any, examples: int) -> Iterator[str]:
        """What is wrong with the answers to so many requests."""
        found: list[str] = []

        @settings(
            max_examples=examples,
            derandomize=EXPLORE == 1,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(data=st.data())
        def goes(data: st.DataObject) -> None:
            case = data.draw(operation.as_strategy(data.draw(st.sampled_from(MODES))))
            if self.real[operation.path] and data.draw(st.integers(0, 3)):
                case.path_parameters = dict(self.real[operation.path])
            if data.draw(st.booleans()):
                case.body = document.with_real_words(case.body, self.words)
            if _leads_elsewhere(operation, case, self.real[operation.path]):
                return
            response = self._send(who, case)
            self.statuses[who, response.status_code] += 1
            found.extend(_told(who, case, response, fault) for fault in document.failures(case, response))

        with contextlib.suppress(Unsatisfiable):  # there is nothing wrong that could be sent
            goes()
        yield from found

    def _send(self, who: str, case: Any) -> Any:
        told = {"authorization": f"Bearer {self._tokens[who]}"} if who in self._tokens else {}
        client = self._client(who)
        tried = transaction.atomic()
        tried._from_testcase = True  # type: ignore[attr-defined]  # as the block of a test
        with tried:
            response = document.answer(case, client, **told)
            transaction.set_rollback(True)
        return response

    def _client(self, who: str) -> Client:
        if who not in self._clients:
            self._clients[who] = client = Client(raise_request_exception=False)
            person = next((one for one in self.world.people if one.name == who), None)
            if person is not None:
                client.force_login(person.user, backend="django.contrib.auth.backends.ModelBackend")  # type: ignore[arg-type]
        return self._clients[who]


def _scopes(token: Somebody) -> Iterator[Somebody]:
    for scope in Scope:
        yield Somebody(token.name, token.user, scope=scope, source=token.source, owns=True)


def _path(operation: Any, parameters: Mapping[str, Any]) -> str:
    path: str = operation.path
    for name, value in parameters.items():
        path = path.replace(f"{{{name}}}", str(value))
    return path


def _name_of(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def _leads_elsewhere(operation: Any, case: Any, real: Mapping[str, Any]) -> bool:
    """Some addresses look like others with a word in place of a number: /reports/batch/, /warnings/rules/."""
    if not real or case.path_parameters == real:
        return False
    there = _name_of(_path(operation, case.path_parameters))
    return bool(there) and there != _name_of(_path(operation, real))


def _told(who: str, case: Any, response: Any, fault: str) -> str:
    sent = (case.path_parameters, case.query, case.body)
    said = response.content.decode(errors="replace")
    return f"{case.method} {case.path} as {who}: {response.status_code} {fault}; {sent!r:.300} {said:.300}"


@pytest.fixture(scope="module")
def asking(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: Any
) -> Iterator[Asking]:
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setattr("django.conf.settings.API_REQUESTS_PER_MINUTE", 0)
        patch.setattr("django.conf.settings.MEDIA_ROOT", tmp_path_factory.mktemp("media"))
        tried = transaction.atomic()
        tried._from_testcase = True  # type: ignore[attr-defined]  # as the block of a test
        with tried, time_machine.travel(NOW, tick=False):
            yield Asking()
            transaction.set_rollback(True)


def test_each_operation_has_something_real_in_its_address(asking: Asking) -> None:
    assert [path for path, real in asking.real.items() if "{" in path and not real] == []


@pytest.mark.parametrize("who", EVERYBODY if EXPLORE > 1 else [IN_TURN])
def test_every_answer_is_one_that_the_document_tells(asking: Asking, who: str) -> None:
    found: list[str] = []
    for position, operation in enumerate(document.operations().values()):
        if who == IN_TURN:
            found += asking.ask(asking.insider(operation), operation, FEW)
            found += asking.ask(EVERYBODY[position % len(EVERYBODY)], operation, 1)
        else:
            found += asking.ask(who, operation, MANY)
    print(sorted(asking.statuses.items()))
    assert found == []
    assert {one for one, status in asking.statuses if status == 401} <= {"nobody"}
    assert {200, 201, 400, 403, 404, 409} <= {status for _one, status in asking.statuses} or who != IN_TURN


def test_an_answer_that_the_document_does_not_tell_is_found(asking: Asking) -> None:
    operation = document.operations()["GET /api/v1/units/"]
    case = operation.Case()
    response = asking._send("nobody", case)
    assert list(document.failures(case, response)) == []
    response.status_code = 418
    assert [one.partition(":")[0] for one in document.failures(case, response)] == ["UndefinedStatusCode"]
    response.status_code = 500
    assert "ServerError" in " ".join(document.failures(case, response))
    good = asking._send("token", case)
    assert list(document.failures(case, good)) == []
    broken = schemathesis.Response(
        status_code=200,
        headers={"content-type": ["application/json"]},
        content=b'{"results": "none"}',
        request=good.request,
        elapsed=0.1,
        verify=False,
    )
    assert [one.partition(":")[0] for one in document.failures(case, broken)] == ["JsonSchemaError"]
