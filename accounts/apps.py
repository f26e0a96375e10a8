from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        import_module("accounts.identity.receivers")
        # What each room's tables need for the audit log to be whole: accounts/audit/watching.py.
        autodiscover_modules("audited")
