"""The addresses of the policy table itself."""

from django.urls import path

from config.policy import pages

urlpatterns = [
    path("installation/permissions/", pages.permissions, name="permissions"),
    path("installation/permissions.csv", pages.as_csv, name="permissions-csv"),
]
