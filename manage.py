#!/usr/bin/env python
"""Django's command line for Yiwang; `make help` lists the everyday ones."""

import os
import sys
from pathlib import Path


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.environment import machine_secrets, read_var

    var = Path(os.environ.get("YIWANG_VAR", Path(__file__).resolve().parent / "var"))
    if sys.argv[1:2] not in (["up"], ["down"]):  # those two decide themselves what is running
        read_var(var)
    elif sys.argv[1:2] == ["up"] and os.environ.get("ZONE") == "outer":
        # Outside nothing begins without a key of its own, not even what would make one.
        os.environ.setdefault("SECRET_KEY", machine_secrets(var, of_the_core=False)["SECRET_KEY"])
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
