"""A classifier trained from the reference files: `from tests.conftest_model import model_folder, trained`."""

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from dispatch.normalise import model
from dispatch.normalise.training import material_hash

# Kept between runs, because the material's hash is in its name.
CACHE = Path(__file__).resolve().parents[1] / "var" / "test-model"


@pytest.fixture(scope="session")
def model_folder() -> Path:
    """A folder with a model of exactly this code and these examples; trained once, then kept."""
    folder = CACHE / material_hash()
    if not (folder / "complete").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=CACHE))
        call_command("train", to=fresh, verbosity=0)
        (fresh / "complete").touch()
        try:
            os.rename(fresh, folder)
        except OSError:  # another test process was faster
            assert (folder / "complete").exists()
    return folder


@pytest.fixture
def trained(model_folder: Path, settings: Any) -> model.Classifier:
    """The classifier in use."""
    settings.MODEL_DIR = model_folder
    return model.classifier()
