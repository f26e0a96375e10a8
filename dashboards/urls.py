"""Where the boards are."""

from django.urls import path

from dashboards import pages

urlpatterns = [
    path("board/", pages.board, name="board"),
    path("board/street/<slug:code>/", pages.street, name="board-street"),
    path("board/cases/", pages.cases, name="board-cases"),
    path("board/values.json", pages.values, name="board-values"),
    path("board/definitions/", pages.definitions, name="board-definitions"),
]
