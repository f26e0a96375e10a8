"""What the two scans make of what their tools say: silence is no proof, and no finding either."""

import json
import secrets
import subprocess
from pathlib import Path

import pytest

from config.scanning import (
    BASELINE,
    LOCKS,
    ROOT,
    judged,
    judged_front_end,
    looked_at,
    not_judged,
    unknown,
)

SOUND = {"name": "pyotp", "version": "2.9.0", "vulns": []}
WEAK = {
    "name": "pillow",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}],
}
UNKNOWN = {"name": "pyotp", "skip_reason": "Dependency not found"}


def told(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_known_weakness_is_named_with_what_mends_it() -> None:
    assert judged(told(SOUND, WEAK, UNKNOWN)) == ["pillow 1.0: PYSEC-1, mended in 1.1"]


def test_nothing_known_is_nothing_found() -> None:
    assert judged(told(SOUND, UNKNOWN)) == []


def test_an_index_that_knows_none_of_them_and_silence_are_no_answer() -> None:
    assert judged(told(UNKNOWN, UNKNOWN)) is None
    assert judged("") is None
    assert judged("Service unavailable") is None


def test_packages_that_the_index_does_not_know_are_named() -> None:
    assert not_judged(told(SOUND, WEAK, UNKNOWN)) == ["pyotp"]
    assert not_judged("") == []


def test_every_lock_is_asked_about() -> None:
    assert {f"requirements/{name}.txt" for name in ("app", "encoder", "observe", "dev")} <= set(LOCKS)


def test_the_front_end_s_lock_is_judged_too() -> None:
    weak = {"vulnerabilities": {"d3": {"range": "<7", "severity": "high"}}}
    assert judged_front_end(json.dumps(weak)) == ["d3 <7: high"]
    assert judged_front_end('{"vulnerabilities": {}}') == []
    assert judged_front_end('{"error": {"code": "ENOAUDIT"}}') is None
    assert judged_front_end("") is None


def test_what_is_made_up_or_locked_is_not_looked_at_and_all_else_is() -> None:
    files = ["config/settings/base.py", "tests/cast.py", "requirements/app.txt", "docs/running.md", ""]
    assert looked_at(files) == ["config/settings/base.py", "docs/running.md"]


def test_the_list_of_what_is_no_secret_holds_none_in_the_clear() -> None:
    told_there = json.loads((ROOT / BASELINE).read_text())
    assert all(
        "hashed_secret" in one and "secret" not in one
        for found in told_there["results"].values()
        for one in found
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project of its own."""
    subprocess.run(("git", "init", "--quiet"), cwd=tmp_path, check=True)
    return tmp_path


def test_a_secret_that_nobody_has_looked_at_is_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made_up = f"AKIA{secrets.token_hex(8).upper()}"
    (project / "mail.py").write_text(f'SENDER = "{made_up}"\n')
    assert unknown(["mail.py"], root=project) == 1
    told = capsys.readouterr().out
    assert "mail.py:1" in told
    assert made_up not in told


def test_what_is_known_may_stand_on_another_line(project: Path) -> None:
    """Every line that is put in above it moves it."""
    name = next(iter(json.loads((ROOT / BASELINE).read_text())["results"]))
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text("\n\n\n" + (ROOT / name).read_text("utf-8"))
    known = (ROOT / BASELINE).read_bytes()
    assert unknown([name], root=project) == 0
    assert (ROOT / BASELINE).read_bytes() == known
