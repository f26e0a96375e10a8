"""What tests of deciding lean on: the reference data comes with the database (tests/conftest.py)."""

import pytest

from dispatch.normalise.model import Classifier, classifier


@pytest.fixture
def trained(trained_model: None) -> Classifier:
    """The classifier in use."""
    return classifier()
