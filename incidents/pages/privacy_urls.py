"""The addresses of residents' requests about their data."""

from django.urls import path

from incidents.pages import privacy

urlpatterns = [
    path("privacy/", privacy.listed, name="privacy"),
    path("privacy/new/", privacy.new, name="privacy-new"),
    path("privacy/<int:pk>/", privacy.one, name="privacy-one"),
    path("privacy/<int:pk>/carry-out/", privacy.carry_out, name="privacy-carry-out"),
    path("privacy/<int:pk>/decline/", privacy.decline, name="privacy-decline"),
]
