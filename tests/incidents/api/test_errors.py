"""What goes wrong on our side is a problem document too, and says whether to try again."""

from typing import Any

import pytest
from django.db import OperationalError

from dispatch.errors import NoLiveList
from incidents.api import reports
from tests.incidents.api.conftest import Caller, lamp, problems


def failing(error: Exception) -> Any:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise error

    return fail


@pytest.mark.parametrize("error", [OperationalError("gone"), NoLiveList("none")])
def test_a_service_that_is_not_ready_asks_to_come_again(
    hotline_api: Caller, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(reports, "receive", failing(error))
    answer = hotline_api.post("reports/", lamp())
    assert problems(answer, 503) == [("", "not_ready")]
    assert answer["Retry-After"] == "5"


def test_a_crash_tells_nothing_of_itself(hotline_api: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    hotline_api.client.raise_request_exception = False
    monkeypatch.setattr(reports, "receive", failing(RuntimeError("the inside")))
    answer = hotline_api.post("reports/", lamp())
    assert problems(answer, 500) == [("", "internal")]
    assert "inside" not in answer.content.decode()
