#!/usr/bin/env python
"""Django's command line for Yiwang; `make help` lists the everyday ones."""

import os
import sys
from pathlib import Path


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] not in (["up"], ["down"]):  # those two decide themselves what is running
        from config.environment import read_var

        read_var(Path(os.environ.get("YIWANG_VAR", Path(__file__).resolve().parent / "var")))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
