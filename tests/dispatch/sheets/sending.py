"""A sheet on its way, as its keeper sends it."""

from collections.abc import Iterable

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from dispatch.models import RegisterImport

State = RegisterImport.State


def sheet(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def send(client: Client, register: str, data: bytes, *, name: str = "sheet.csv") -> RegisterImport:
    """What the page says once the file was checked."""
    if register == "people":
        begin, more = reverse("people-sheet"), {"reason": "order 7"}
    else:
        begin, more = reverse("register-import-begin", args=[register]), {}
    answer = client.post(begin, {"file": SimpleUploadedFile(name, data), **more}, follow=True)
    assert answer.status_code == 200
    run = answer.context["run"]
    assert isinstance(run, RegisterImport)
    return run


def press(client: Client, run: RegisterImport) -> RegisterImport:
    """The button that imports all of it."""
    name = "people-sheet-run-apply" if run.register == "people" else "register-import-apply"
    assert client.post(reverse(name, args=[run.pk]), follow=True).status_code == 200
    run.refresh_from_db()
    return run


def faults(run: RegisterImport) -> list[tuple[int, str]]:
    return [(row, field) for row, _column, field, _told in run.problems]


def told(run: RegisterImport) -> list[tuple[str, int, str, list[list[str]]]]:
    """What becomes of each row: (what, row, code, fields)."""
    return [(what, row, code, fields) for what, row, code, fields in run.sample]


def taken(chunks: Iterable[bytes]) -> bytes:
    return b"".join(chunks)
