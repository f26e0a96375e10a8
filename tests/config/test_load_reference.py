"""One command loads the district, and leaves alone what has not changed."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from config.embedded import ready_made
from config.management.commands import load_reference
from config.models import LoadedReference

pytestmark = pytest.mark.django_db


def load(**options: object) -> str:
    said = StringIO()
    call_command("load_reference", stdout=said, **options)
    return said.getvalue()


@pytest.fixture
def small_steps(tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two steps in a folder of their own: units, and areas that build on them."""
    LoadedReference.objects.all().delete()
    settings.BASE_DIR = tmp_path
    (tmp_path / "units.csv").write_text("one", encoding="utf-8")
    (tmp_path / "notes.csv").write_text("one", encoding="utf-8")
    monkeypatch.setattr(
        load_reference, "STEPS", (("load_units", ("units.csv",)), ("load_areas", ("notes.csv",)))
    )
    return tmp_path


def test_the_second_time_nothing_is_loaded(small_steps: Path):
    assert "Units: 295" in load()
    assert load() == "Unchanged: load_units, load_areas\n"


def test_a_changed_file_is_loaded_again_and_so_is_what_builds_on_it(small_steps: Path):
    load()
    (small_steps / "units.csv").write_text("two", encoding="utf-8")
    again = load()
    assert "load_units took" in again
    assert "load_areas took" in again


def test_a_changed_last_file_leaves_the_first_alone(small_steps: Path):
    load()
    (small_steps / "notes.csv").write_text("two", encoding="utf-8")
    again = load()
    assert "Unchanged: load_units" in again
    assert "load_areas took" in again


def test_force_loads_everything(small_steps: Path):
    load()
    assert "Unchanged" not in load(force=True)


def test_a_refused_file_is_tried_again_next_time(small_steps: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*args: object, **options: object) -> None:
        raise ValueError("bad row")

    monkeypatch.setattr(load_reference, "call_command", refuse)
    with pytest.raises(ValueError, match="bad row"):
        load()
    assert not LoadedReference.objects.exists()


def test_the_database_that_tests_copy_is_made_anew_where_one_of_the_files_changes() -> None:
    made_of = {path for pattern in ready_made.MADE_OF for path in ready_made.ROOT.glob(pattern)}
    for _command, patterns in load_reference.STEPS:
        for pattern in patterns:
            read = set(ready_made.ROOT.glob(pattern))
            assert read
            assert read <= made_of, pattern
