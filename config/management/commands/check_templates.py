"""`manage.py check_templates`: does every template compile?"""

import re
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template

_NAMED = re.compile(r"""{%-?\s*(?:extends|include)\s+["']([^"'#]+)""")


class Command(BaseCommand):
    help = "Compile every template of ours, with what it extends and includes."
    requires_system_checks = []

    def handle(self, **options: object) -> None:
        folders = [settings.BASE_DIR / "templates", *settings.BASE_DIR.glob("*/templates")]
        found = {
            path.relative_to(folder).as_posix(): path
            for folder in folders
            for path in Path(folder).rglob("*")
            if path.is_file()
        }
        broken = [line for name, path in sorted(found.items()) for line in _errors(name, path)]
        for line in broken:
            self.stderr.write(line)
        if broken:
            raise CommandError(f"{len(broken)} of {len(found)} templates do not compile.")
        self.stdout.write(f"all {len(found)} templates compile")


def _errors(name: str, path: Path) -> list[str]:
    try:
        get_template(name)
        # These are looked up when a page is rendered, which is too late to learn of a wrong name.
        for named in _NAMED.findall(path.read_text()):
            get_template(named)
    except (TemplateDoesNotExist, TemplateSyntaxError, UnicodeDecodeError) as error:
        return [f"{name}: {error!r}"]
    return []
