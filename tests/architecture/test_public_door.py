"""Residents' pages stay behind the door: each of them is under the contract that says so."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_page_of_residents_is_under_the_contract() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = (one for one in told if one["name"].startswith("Residents' pages"))
    pages = {
        f"incidents.pages.{path.stem}"
        for path in (ROOT / "incidents" / "pages").glob("resident*.py")
        if path.stem != "resident_urls"
    }
    assert set(contract["source_modules"]) == pages
