"""`manage.py update_translations`: gather the texts of code and templates (`make messages`)."""

from django.conf import settings
from django.core.management.base import BaseCommand

from config.translations import gather, update


class Command(BaseCommand):
    help = "Add new texts to the catalogues in locale/, and drop those that nothing uses."
    requires_system_checks = []

    def handle(self, **options: object) -> None:
        gathered = gather(settings.BASE_DIR)
        for path in sorted(settings.LOCALE_PATHS[0].glob("*/LC_MESSAGES/django.po")):
            missing = update(path, gathered)
            self.stdout.write(f"{path.relative_to(settings.BASE_DIR)}: {missing} texts to translate")
