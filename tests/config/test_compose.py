"""docker-compose.yml: what the documents tell to write into .env reaches every process of ours."""

from pathlib import Path
from typing import Any

import yaml
from django.conf import settings


def test_what_stands_in_env_reaches_all_that_runs_our_image() -> None:
    """A list of names would lack the next setting: the worker would then do what nobody asked for."""
    told: dict[str, Any] = yaml.safe_load((Path(settings.BASE_DIR) / "docker-compose.yml").read_text("utf-8"))
    ours = {name: one for name, one in told["services"].items() if one.get("image") == "yiwang"}
    assert {"web", "migrate"} <= set(ours)
    assert all(one["env_file"] == [{"path": ".env", "required": False}] for one in ours.values())
