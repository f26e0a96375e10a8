"""The boards' part of REST v1; included under /api/v1/."""

from django.urls import path, re_path

from dashboards.api import KpisView
from dashboards.briefs.api import BriefFileView, BriefsView, BriefView
from dashboards.briefs.writing_api import ACTS as BRIEF_ACTS
from dashboards.datasets import api as data
from dashboards.forecast_api import ForecastView
from dashboards.learning_api import LearningView
from dashboards.project_api import ACTS as PROJECT_ACTS
from dashboards.project_api import ProjectProblemsView, ProjectsView, ProjectView
from dashboards.rule_api import RuleHistoryView, RulesView
from dashboards.scoring.api import ScoresView, ScoringPeriodsView
from dashboards.scoring.opening import PeriodConverter
from dashboards.warning_api import ACTS, WarningsView, WarningView

urlpatterns = [
    path("kpis/", KpisView.as_view(), name="kpis"),
    path("forecast/", ForecastView.as_view(), name="api-forecast"),
    path("learning/", LearningView.as_view(), name="api-learning"),
    path("briefs/", BriefsView.as_view(), name="api-briefs"),
    path("briefs/<int:pk>/", BriefView.as_view(), name="api-brief"),
    path("briefs/<int:pk>/pdf/", BriefFileView.as_view(ending="pdf"), name="api-brief-pdf"),
    path("briefs/<int:pk>/xlsx/", BriefFileView.as_view(ending="xlsx"), name="api-brief-xlsx"),
    *(
        path(f"briefs/<int:pk>/{act}/", view.as_view(), name=f"api-brief-{act}")
        for act, view in BRIEF_ACTS.items()
    ),
    path("datasets/", data.DataSetsView.as_view(), name="api-datasets"),
    path("datasets/requests/", data.DataRequestsView.as_view(), name="api-data-requests"),
    *(
        path(f"datasets/requests/<int:pk>/{act}/", view.as_view(), name=f"api-data-request-{act}")
        for act, view in data.ACTS.items()
    ),
    path("datasets/<slug:code>/", data.DataSetView.as_view(), name="api-dataset"),
    path("datasets/<slug:code>/rows/", data.DataRowsView.as_view(), name="api-dataset-rows"),
    re_path(
        r"^datasets/(?P<code>[-a-z]{1,40})/files/(?P<kind>csv|parquet)/$",
        data.DataFileView.as_view(),
        name="api-dataset-file",
    ),
    path("datasets/<slug:code>/requests/", data.DataSetRequestsView.as_view(), name="api-dataset-ask"),
    path("scoring/", ScoringPeriodsView.as_view(), name="api-scoring"),
    re_path(rf"^scoring/(?P<key>{PeriodConverter.regex})/$", ScoresView.as_view(), name="api-scores"),
    path("warnings/", WarningsView.as_view(), name="api-warnings"),
    path("warnings/rules/", RulesView.as_view(), name="api-repeat-rules"),
    path("warnings/rules/history/", RuleHistoryView.as_view(), name="api-repeat-rule-history"),
    path("warnings/<int:pk>/", WarningView.as_view(), name="api-warning"),
    *(
        path(f"warnings/<int:pk>/{act}/", view.as_view(), name=f"api-warning-{act}")
        for act, view in ACTS.items()
    ),
    path("projects/", ProjectsView.as_view(), name="api-projects"),
    path("projects/<int:pk>/", ProjectView.as_view(), name="api-project"),
    path("projects/<int:pk>/problems/", ProjectProblemsView.as_view(), name="api-project-problems"),
    *(
        path(f"projects/<int:pk>/{act}/", view.as_view(), name=f"api-project-{act.rpartition('/')[2]}")
        for act, view in PROJECT_ACTS.items()
    ),
]
