"""The addresses of the audit log."""

from django.urls import path

from accounts.audit import pages

urlpatterns = [
    path("installation/audit/", pages.log, name="audit"),
    path("installation/audit/file/", pages.as_file, name="audit-file"),
]
