"""The addresses of REST v1; this room's come last, because they end with the answer to all others."""

from django.urls import path, re_path

from incidents.api import (
    acting,
    alerts,
    cases,
    decisions,
    docs,
    imports,
    instructions,
    mediation,
    mediation_papers,
    reference,
    reports,
    searching,
    sources,
    wechat,
)

app_name = "api"
urlpatterns = [
    path("schema/", docs.SchemaView.as_view(), name="schema"),
    path("docs/", docs.DocsView.as_view(), name="docs"),
    path("reports/", reports.ReportsView.as_view(), name="reports"),
    path("reports/batch/", reports.ReportBatchView.as_view(), name="report-batch"),
    path("reports/<int:pk>/", reports.ReportView.as_view(), name="report"),
    path("reports/<int:pk>/updates/", reports.ReportUpdatesView.as_view(), name="report-updates"),
    path("imports/", imports.ImportsView.as_view(), name="imports"),
    path("imports/<int:pk>/", imports.ImportView.as_view(), name="import"),
    path("imports/<int:pk>/cancel/", imports.ImportCancelView.as_view(), name="import-cancel"),
    re_path(
        r"^imports/(?P<pk>[0-9]{1,18})/refused\.(?P<kind>csv|xlsx)$",
        imports.ImportRefusedView.as_view(),
        name="import-refused",
    ),
    path("alerts/alertmanager/", alerts.AlertmanagerView.as_view(), name="alerts-alertmanager"),
    path("alerts/cloudevents/", alerts.CloudEventsView.as_view(), name="alerts-cloudevents"),
    path("attachments/", reports.AttachmentsView.as_view(), name="attachments"),
    *(
        path(f"sources/{name}/orders/", view.as_view(), name=f"{name}-orders")
        for name, view in sources.ORDERS.items()
    ),
    *(
        path(f"sources/{name}/notices/", view.as_view(), name=f"{name}-notices")
        for name, view in sources.NOTICES.items()
    ),
    *(path(f"feeds/{name}/", view.as_view(), name=f"{name}-feed") for name, view in sources.FEEDS.items()),
    path("callbacks/wechat/", wechat.callback, name="wechat"),
    path("feeds/reports/", sources.ReportsFeedView.as_view(), name="report-feed"),
    path("decisions/", decisions.DecisionsView.as_view(), name="decisions"),
    path("incidents/", cases.IncidentsView.as_view(), name="incidents"),
    path("incidents/callers/", searching.CallersView.as_view(), name="incident-callers"),
    path("incidents/<slug:number>/", cases.IncidentView.as_view(), name="incident"),
    path(
        "incidents/<slug:number>/decisions/",
        decisions.IncidentDecisionsView.as_view(),
        name="incident-decisions",
    ),
    path("incidents/<slug:number>/timeline/", cases.TimelineView.as_view(), name="incident-timeline"),
    *(
        path(f"incidents/<slug:number>/{action}/", view.as_view(), name=f"incident-{action}")
        for action, view in acting.VIEWS.items()
    ),
    path(
        "incidents/<slug:number>/mediations/",
        mediation.IncidentMediationsView.as_view(),
        name="incident-mediations",
    ),
    path("mediations/", mediation.MediationsView.as_view(), name="mediations"),
    path("mediations/<int:pk>/scans/", mediation_papers.ScansView.as_view(), name="mediation-scans"),
    path("mediations/<int:pk>/take-out/", mediation_papers.TakeOutView.as_view(), name="mediation-take-out"),
    path("mediations/<int:pk>/pdf/", mediation_papers.PdfView.as_view(), name="mediation-pdf"),
    path("mediations/<int:pk>/", mediation.MediationView.as_view(), name="mediation"),
    *(
        path(f"mediations/<int:pk>/{word}/", view.as_view(), name=f"mediation-{word}")
        for word, view in mediation.VIEWS.items()
    ),
    path("instructions/", instructions.InstructionsView.as_view(), name="instructions"),
    path("instructions/<slug:number>/", instructions.InstructionView.as_view(), name="instruction"),
    *(
        path(f"instructions/<slug:number>/{word}/", view.as_view(), name=f"instruction-{word}")
        for word, view in instructions.VIEWS.items()
    ),
    path("categories/", reference.CategoriesView.as_view(), name="categories"),
    path("areas/", reference.AreasView.as_view(), name="areas"),
    path("units/", reference.UnitsView.as_view(), name="units"),
    path("responsibility-items/", reference.ResponsibilityItemsView.as_view(), name="responsibility-items"),
    re_path(r"", reports.NothingHereView.as_view(), name="nothing-here"),
]
