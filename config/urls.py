"""The addresses of the whole site: each room names its own, and they are put together here."""

from django.urls import URLPattern, URLResolver, include, path

from config.health import healthz, readyz
from config.metrics import metrics
from incidents.outer.views import outer_exchange

handler400 = "config.unready.bad_request"
handler500 = "config.unready.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("outer/exchange/", outer_exchange, name="outer-exchange"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("accounts.identity.urls")),
    path("", include("accounts.audit.urls")),
    path("", include("config.policy.urls")),
    path("api/v1/", include("dashboards.api_urls")),
    path("api/v1/", include("incidents.api.urls")),  # last: it answers whatever nobody else did
    path("open311/v2/", include("incidents.open311.urls")),
    path("", include("grids.urls")),
    path("", include("dispatch.pages.try_urls")),
    path("", include("dashboards.urls")),
    path("", include("dispatch.pages.import_urls")),
    path("", include("dispatch.pages.register_urls")),
    path("", include("dispatch.pages.area_urls")),
    path("", include("dispatch.pages.urls")),
    path("", include("incidents.pages.rehearsal_urls")),
    path("", include("incidents.pages.maps_urls")),  # before the cases: `map` is no case
    path("", include("incidents.pages.oversight_urls")),
    path("", include("incidents.pages.desk_urls")),
    path("", include("incidents.pages.patrol_urls")),
    path("", include("incidents.pages.source_urls")),
    path("", include("incidents.pages.mediation_urls")),
    path("", include("incidents.pages.bulk_urls")),
    path("", include("incidents.pages.urls")),
    path("", include("incidents.pages.clock_urls")),
    path("", include("incidents.pages.admin_urls")),
    path("", include("incidents.pages.privacy_urls")),
    path("", include("incidents.pages.centre_urls")),
    path("", include("incidents.pages.callback_urls")),
    path("", include("incidents.pages.release_urls")),
    path("", include("incidents.pages.knowledge_urls")),
    path("", include("incidents.pages.sensor_urls")),
    path("", include("incidents.pages.resident_urls")),
]
