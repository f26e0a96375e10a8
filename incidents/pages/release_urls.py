"""The addresses of looking through what everybody may see."""

from django.urls import path

from incidents.pages import releasing

urlpatterns = [
    path("release/", releasing.waiting, name="release"),
    path("release/<str:number>/", releasing.case, name="release-case"),
]
