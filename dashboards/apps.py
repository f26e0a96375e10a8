from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    name = "dashboards"

    def ready(self) -> None:
        from dashboards import checks  # noqa: F401  registers itself
        from dashboards.briefs import mailing

        mailing.register()
