"""The boards' part of REST v1; included under /api/v1/."""

from django.urls import path

from dashboards.api import KpisView
from dashboards.learning_api import LearningView

urlpatterns = [
    path("kpis/", KpisView.as_view(), name="kpis"),
    path("learning/", LearningView.as_view(), name="api-learning"),
]
