"""`manage.py check_translations`: is every text of the interface there in both languages?"""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.translations import gather, problems
from config.untranslated import untranslated


class Command(BaseCommand):
    help = (
        "Fail if a text used in code or templates is missing, empty or fuzzy in locale/zh_Hans, or if a "
        "template or a script says something that was never marked for translation."
    )
    requires_system_checks = []

    def handle(self, **options: object) -> None:
        path = settings.LOCALE_PATHS[0] / "zh_Hans" / "LC_MESSAGES" / "django.po"
        gathered = gather(settings.BASE_DIR)
        found = [*problems(path, gathered), *untranslated(settings.BASE_DIR)]
        for line in found:
            self.stderr.write(line)
        if found:
            raise CommandError(
                f"{len(found)} texts need work, in {path.relative_to(settings.BASE_DIR)} or where they stand."
            )
        self.stdout.write(f"all {len(gathered)} texts are translated")
