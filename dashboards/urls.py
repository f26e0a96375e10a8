"""Where the boards are."""

from django.urls import path

from dashboards import learning_pages, pages

urlpatterns = [
    path("board/", pages.board, name="board"),
    path("board/street/<slug:code>/", pages.street, name="board-street"),
    path("board/cases/", pages.cases, name="board-cases"),
    path("board/values.json", pages.values, name="board-values"),
    path("board/definitions/", pages.definitions, name="board-definitions"),
    path("learning/", learning_pages.ranking, name="learning"),
    path("learning/<slug:code>/", learning_pages.item, name="learning-item"),
    path("learning/<slug:code>/cases/", learning_pages.cases, name="learning-cases"),
    path("learning/<slug:code>/draft/", learning_pages.draft, name="learning-draft"),
]
