"""The rehearsal of a version of the list: beside the draft, as a whole, and case by case."""

from django.urls import path

from incidents.pages import rehearsal, rehearsal_case, rehearsal_upload

urlpatterns = [
    path("lists/<int:version>/rehearsal/", rehearsal.result, name="rehearsal"),
    path("lists/<int:version>/rehearsal/panel/", rehearsal.panel, name="rehearsal-panel"),
    path("lists/<int:version>/rehearsal/start/", rehearsal.start, name="rehearsal-start"),
    path("lists/<int:version>/rehearsal/cancel/", rehearsal.cancel, name="rehearsal-cancel"),
    path("lists/<int:version>/rehearsal/file/", rehearsal_upload.upload, name="rehearsal-file"),
    path("lists/<int:version>/rehearsal/export/", rehearsal.export, name="rehearsal-export"),
    path("lists/<int:version>/rehearsal/cases/<int:pk>/", rehearsal_case.case, name="rehearsal-case"),
]
