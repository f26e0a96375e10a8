"""The boards' part of REST v1; included under /api/v1/."""

from django.urls import path

from dashboards.api import KpisView

urlpatterns = [path("kpis/", KpisView.as_view(), name="kpis")]
