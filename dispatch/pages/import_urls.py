"""Where spreadsheets come in and go out."""

from django.urls import path

from dispatch.pages import exporting, importing

urlpatterns = [
    path("lists/import/", importing.begin, name="list-import-begin"),
    path("lists/import/<int:pk>/", importing.show, name="list-import"),
    path("lists/import/<int:pk>/columns/", importing.columns, name="list-import-columns"),
    path("lists/import/<int:pk>/progress/", importing.progress, name="list-import-progress"),
    path("lists/import/<int:pk>/problems.csv", exporting.export_problems, name="list-import-problems"),
    path("lists/import/<int:pk>/apply/", importing.apply, name="list-import-apply"),
    path("lists/import/<int:pk>/check/", importing.check_again, name="list-import-check"),
    path("lists/import/<int:pk>/drop/", importing.drop, name="list-import-drop"),
    path("lists/<int:version>/export.<slug:kind>", exporting.export_list, name="list-export"),
]
