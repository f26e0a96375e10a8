"""The classifier's card as a page."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from dispatch.normalise import model
from tests.cast import Person
from tests.dispatch.pages.test_trying import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("trained_model")]
URL = "/lists/classifier/"


def test_it_tells_the_version_the_curve_and_the_rule(steward: Person) -> None:
    page = signed_in(steward).get(URL)
    assert page.status_code == 200
    assert model.classifier().version in page.content.decode()
    by_words, given = page.context["regimes"]
    assert by_words["chart"]["series"][1]["data"]
    assert given["rule"]["precision"] >= given["wanted"]
    assert [row["in_use"] for row in page.context["versions"]].count(True) == 1


def test_others_may_not_read_it(handler: Person) -> None:
    assert signed_in(handler).get(URL).status_code == 403
    assert Client().get(URL).status_code == 302


def test_without_a_model_it_says_what_to_run(steward: Person, settings: Any, tmp_path: Path) -> None:
    settings.MODEL_DIR = tmp_path
    page = signed_in(steward).get(URL)
    assert page.status_code == 200
    assert "manage.py train" in page.content.decode()


def test_a_threshold_that_no_sample_keeps_is_said(steward: Person, settings: Any) -> None:
    settings.AUTO_DISPATCH_PRECISION = 0.9999
    page = signed_in(steward).get(URL)
    assert page.context["regimes"][0]["rule"] is None


def test_it_asks_no_more_the_more_models_there_are(
    steward: Person, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(steward)
    client.get(URL)
    with django_assert_max_num_queries(12):
        client.get(URL)
