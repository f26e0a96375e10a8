"""Where the boards are."""

from django.urls import path, re_path, register_converter

from dashboards import (
    forecast_pages,
    learning_pages,
    list_pages,
    pages,
    project_acts,
    project_pages,
    rule_pages,
    warning_pages,
    where_pages,
)
from dashboards.briefs import pages as brief_pages
from dashboards.datasets import pages as data_pages
from dashboards.scoring import appeal_pages, public_league
from dashboards.scoring import pages as scoring_pages
from dashboards.scoring.opening import PeriodConverter
from dashboards.screen import pages as screen_pages
from dashboards.simulated import pages as simulated_pages

register_converter(PeriodConverter, "scoring_period")

urlpatterns = [
    path("board/", pages.board, name="board"),
    path("board/street/<slug:code>/", pages.street, name="board-street"),
    path("board/cases/", list_pages.cases, name="board-cases"),
    path("board/data/<slug:name>.csv", pages.data, name="board-data"),
    path("board/values.json", pages.values, name="board-values"),
    path("board/definitions/", pages.definitions, name="board-definitions"),
    path("board/screen/", screen_pages.home, name="screen"),
    path("board/screen/running/", screen_pages.running, name="screen-running"),
    path("board/screen/running/<int:pk>/end/", screen_pages.end, name="screen-end"),
    path("board/screen/<slug:code>/", screen_pages.screen, name="screen-area"),
    path("board/screen/<slug:code>/live/", screen_pages.live, name="screen-live"),
    path("briefs/", brief_pages.briefs, name="briefs"),
    path("briefs/<int:pk>/", brief_pages.brief, name="brief"),
    path("briefs/<int:pk>/write/", brief_pages.write, name="brief-write"),
    path("briefs/<int:pk>/issue/", brief_pages.issue, name="brief-issue"),
    path("briefs/<int:pk>/revise/", brief_pages.revise, name="brief-revise"),
    path("briefs/<int:pk>/subscribe/", brief_pages.subscribe, name="brief-subscribe"),
    path("briefs/<int:pk>/brief.pdf", brief_pages.pdf, name="brief-pdf"),
    path("briefs/<int:pk>/brief.xlsx", brief_pages.xlsx, name="brief-xlsx"),
    path("data/", data_pages.datasets, name="data"),
    path("data/requests/", data_pages.requests, name="data-requests"),
    path("data/requests/<int:pk>/", data_pages.data_request, name="data-request"),
    path("data/<slug:code>/", data_pages.dataset, name="data-set"),
    path("data/<slug:code>/ask/", data_pages.ask, name="data-ask"),
    path("data/<slug:code>/usage/", data_pages.downloads, name="data-usage"),
    path("data/<slug:code>/access/", data_pages.rule, name="data-rule"),
    re_path(
        r"^data/(?P<code>[-a-z]{1,40})/files/(?P<format>csv|parquet)/$",
        data_pages.download,
        name="data-file",
    ),
    path("public/streets/", public_league.league, name="public-league"),
    path("scoring/", scoring_pages.periods, name="scoring"),
    path("scoring/appeals/<int:pk>/", appeal_pages.ruling, name="scoring-ruling"),
    path("scoring/<scoring_period:key>/", scoring_pages.period, name="scoring-period"),
    path("scoring/<scoring_period:key>/publish/", scoring_pages.publish, name="scoring-publish"),
    path("scoring/<scoring_period:key>/revise/", scoring_pages.revise, name="scoring-revise"),
    path("scoring/<scoring_period:key>/appeal/", appeal_pages.appeal, name="scoring-appeal"),
    path("scoring/<scoring_period:key>/excluded/", appeal_pages.exclusions, name="scoring-exclusions"),
    path("forecast/", forecast_pages.forecast, name="forecast"),
    path("forecast/forecast.csv", forecast_pages.data, name="forecast-data"),
    path("simulation/", simulated_pages.simulation, name="simulation"),
    path("warnings/", warning_pages.warnings, name="warnings"),
    path("warnings/where/", where_pages.overview, name="warnings-where"),
    path("warnings/where/values.json", where_pages.values, name="warnings-where-values"),
    path("warnings/rules/", rule_pages.rules, name="repeat-rules"),
    path("warnings/rules/new/", rule_pages.new, name="repeat-rule-new"),
    path("warnings/rules/<slug:by>/<slug:matter_code>/", rule_pages.rule, name="repeat-rule"),
    path(
        "warnings/rules/<slug:by>/<slug:matter_code>/<slug:street_code>/",
        rule_pages.rule,
        name="repeat-rule-street",
    ),
    path("warnings/<int:pk>/", warning_pages.warning, name="warning"),
    path("warnings/<int:pk>/cases/", warning_pages.cases, name="warning-cases"),
    path("warnings/<int:pk>/claim/", warning_pages.claim, name="warning-claim"),
    path("warnings/<int:pk>/release/", warning_pages.release, name="warning-release"),
    path("warnings/<int:pk>/project/", project_pages.begin, name="warning-project"),
    path("projects/", project_pages.projects, name="projects"),
    path("projects/<int:pk>/", project_pages.project, name="project"),
    path("projects/<int:pk>/cases/", project_pages.cases, name="project-cases"),
    path("projects/<int:pk>/status/", project_pages.status, name="project-status"),
    path("projects/<int:pk>/owner/", project_acts.owner, name="project-owner"),
    path("projects/<int:pk>/finish/", project_acts.finish, name="project-finish"),
    path("projects/<int:pk>/items/<int:item>/drop/", project_acts.drop, name="project-item-drop"),
    path("projects/<int:pk>/items/<int:item>/done/", project_pages.carry_out, name="project-item-done"),
    path("warnings/<int:pk>/judge/", warning_pages.judge, name="warning-judge"),
    path("warnings/<int:pk>/dismiss/", warning_pages.dismiss, name="warning-dismiss"),
    path("learning/", learning_pages.ranking, name="learning"),
    path("learning/<slug:code>/", learning_pages.item, name="learning-item"),
    path("learning/<slug:code>/cases/", learning_pages.cases, name="learning-cases"),
    path("learning/<slug:code>/draft/", learning_pages.draft, name="learning-draft"),
]
