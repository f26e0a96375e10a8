"""The OpenAPI document: committed as it is made, valid, and what is really answered fits it."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from PIL import Image

from incidents.models import Incident
from tests.cast import Person
from tests.incidents.api.conftest import API, Caller, lamp

SNAPSHOT = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


@pytest.fixture(scope="session")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document as the code makes it now; a warning while making it is an error."""
    made = tmp_path_factory.mktemp("openapi") / "openapi.yaml"
    call_command("spectacular", lang="en", validate=True, fail_on_warn=True, file=str(made))
    return made


def test_the_committed_document_is_what_the_code_makes(document: Path) -> None:
    same = document.read_text("utf-8") == SNAPSHOT.read_text("utf-8")
    assert same, "docs/openapi.yaml is not what the code makes: run `make openapi` and look at the change"


def fits(document: Path, answer: HttpResponse, path: str, method: str, status: int) -> None:
    """Hold an answer against the document's schema for it: no field missing, none that is not told."""
    assert answer.status_code == status, answer.content.decode()
    whole = _schemas(document)
    content = whole["paths"][f"/api/v1/{path}"][method]["responses"][str(status)]["content"]
    assert answer["Content-Type"] in content
    schema = {**content[answer["Content-Type"]]["schema"], "components": whole["components"]}
    jsonschema.validate(answer.json(), schema)


@cache
def _schemas(document: Path) -> Any:
    """Read once: the document is a megabyte, and every answer is held against it."""
    return _closed(yaml.load(document.read_text("utf-8"), Loader=yaml.CSafeLoader))


def _closed(node: Any) -> Any:
    """Every object with named properties has no others; `nullable` as JSON Schema says it."""
    if isinstance(node, list):
        return [_closed(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    told = {key: _closed(inner) for key, inner in node.items()}
    if "properties" in told and "additionalProperties" not in told:
        told["additionalProperties"] = False
    if told.pop("nullable", False):
        return {"anyOf": [told, {"type": "null"}, {"enum": [None]}]}
    return told


def test_what_is_answered_to_sources_fits_the_document(document: Path, hotline_api: Caller, db: None) -> None:
    filed = hotline_api.post("reports/", lamp())
    fits(document, filed, "reports/", "post", 201)
    fits(document, hotline_api.post("reports/", lamp()), "reports/", "post", 200)
    fits(document, hotline_api.post("reports/", lamp(text="别的事")), "reports/", "post", 409)
    fits(document, hotline_api.post("reports/", {}), "reports/", "post", 400)
    fits(document, hotline_api.post("reports/batch/", [lamp(), {}]), "reports/batch/", "post", 200)
    fits(document, hotline_api.post("decisions/", lamp()), "decisions/", "post", 200)
    fits(document, hotline_api.post("decisions/", lamp(explain=True)), "decisions/", "post", 200)
    report, number = filed.json()["report"], filed.json()["incident"]["number"]
    fits(document, hotline_api.get(f"reports/{report}/"), "reports/{id}/", "get", 200)
    update = hotline_api.post(f"reports/{report}/updates/", {"external_id": "U", "kind": "chase"})
    fits(document, update, "reports/{id}/updates/", "post", 201)
    fits(document, hotline_api.get("incidents/"), "incidents/", "get", 200)
    fits(document, hotline_api.get(f"incidents/{number}/"), "incidents/{number}/", "get", 200)
    timeline = hotline_api.get(f"incidents/{number}/timeline/")
    fits(document, timeline, "incidents/{number}/timeline/", "get", 200)
    decisions = hotline_api.get(f"incidents/{number}/decisions/")
    fits(document, decisions, "incidents/{number}/decisions/", "get", 200)
    fits(document, hotline_api.get("incidents/x/"), "incidents/{number}/", "get", 404)
    fits(document, Caller().get("incidents/"), "incidents/", "get", 401)
    for path in ("categories/", "areas/", "units/", "responsibility-items/"):
        fits(document, hotline_api.get(path), path, "get", 200)
    kept = io.BytesIO()
    Image.new("RGB", (8, 8)).save(kept, "PNG")
    kept.seek(0)
    kept.name = "a.png"
    fits(document, hotline_api.upload(kept), "attachments/", "post", 201)


def test_what_is_answered_to_people_fits_the_document(
    document: Path, staff: Callable[[Person], Caller], dispatcher: Person, lamp_case: Incident
) -> None:
    caller = staff(dispatcher)
    path = f"incidents/{lamp_case.number}/"
    fits(document, caller.get(path), "incidents/{number}/", "get", 200)
    fits(document, caller.post(path + "note/", {"text": "催一下"}), "incidents/{number}/note/", "post", 200)
    seen = caller.post(path + "unmask/", {"report": lamp_case.links.get().report_id})
    fits(document, seen, "incidents/{number}/unmask/", "post", 200)
    refused = caller.post(path + "accept/")
    fits(document, refused, "incidents/{number}/accept/", "post", 403)
    fits(document, caller.post(path + "claim/"), "incidents/{number}/claim/", "post", 409)


@pytest.mark.django_db
def test_the_document_and_its_page_are_there_for_everybody() -> None:
    assert Client().get(API + "schema/").status_code == 200
    page = Client().get(API + "docs/")
    assert page.status_code == 200
    script = Client().get(API + "docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")


@pytest.mark.django_db
def test_the_page_keeps_to_the_content_security_policy() -> None:
    page = Client().get(API + "docs/")
    assert "script-src 'self'" in page["Content-Security-Policy"]
    html = page.content.decode()
    assert "<style" not in html
    assert " style=" not in html
    assert html.count("<script") == html.count("<script src=") == 2
