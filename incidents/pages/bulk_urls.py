"""Where files of reports come in."""

from django.urls import path, re_path

from incidents.pages import bulk

urlpatterns = [
    path("imports/", bulk.listed, name="bulk-imports"),
    path("imports/sample.xlsx", bulk.sample_file, name="bulk-sample"),
    path("imports/<int:pk>/", bulk.show, name="bulk-import"),
    path("imports/<int:pk>/columns/", bulk.columns, name="bulk-columns"),
    path("imports/<int:pk>/progress/", bulk.progress, name="bulk-progress"),
    re_path(r"^imports/(?P<pk>[0-9]{1,18})/refused\.(?P<kind>csv|xlsx)$", bulk.refused, name="bulk-refused"),
    path("imports/<int:pk>/<slug:step>/", bulk.act, name="bulk-act"),
]
