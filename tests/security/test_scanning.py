"""What the two scans make of what their tools say: silence is no proof, and no finding either."""

import json

from config.scanning import BASELINE, ROOT, judged, looked_at

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


def test_what_is_made_up_or_locked_is_not_looked_at_and_all_else_is() -> None:
    files = ["config/settings.py", "tests/cast.py", "requirements/app.txt", "docs/running.md", ""]
    assert looked_at(files) == ["config/settings.py", "docs/running.md"]


def test_the_list_of_what_is_no_secret_holds_none_in_the_clear() -> None:
    told_there = json.loads((ROOT / BASELINE).read_text())
    assert all(
        "hashed_secret" in one and "secret" not in one
        for found in told_there["results"].values()
        for one in found
    )
