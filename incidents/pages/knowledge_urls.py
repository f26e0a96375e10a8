"""The addresses of the knowledge base."""

from django.urls import path

from incidents.pages import knowledge, knowledge_edit

urlpatterns = [
    path("knowledge/", knowledge.knowledge, name="knowledge"),
    path("knowledge/new/", knowledge_edit.write, name="knowledge-new"),
    path("knowledge/for/<str:number>/", knowledge.picks, name="knowledge-picks"),
    path("knowledge/<int:pk>/", knowledge.article, name="knowledge-article"),
    path("knowledge/<int:pk>/edit/", knowledge_edit.write, name="knowledge-edit"),
    path("knowledge/<int:pk>/review/", knowledge_edit.review, name="knowledge-review"),
    path("knowledge/<int:pk>/retire/", knowledge_edit.retire, name="knowledge-retire"),
]
