"""The addresses of the responsibility list: its versions, their items, and what became of them."""

from django.urls import path

from dispatch.pages import classifier, findings, history, steps, versions, workbench

urlpatterns = [
    path("lists/", versions.overview, name="lists"),
    path("lists/classifier/", classifier.classifier, name="classifier"),
    path("lists/new/", versions.new, name="list-new"),
    path("lists/items/<slug:code>/history/", history.history, name="item-history"),
    path("lists/<int:version>/", workbench.workbench, name="list"),
    path("lists/<int:version>/rows/", workbench.rows, name="list-rows"),
    path("lists/<int:version>/add/", workbench.add, name="list-item-add"),
    path("lists/<int:version>/add/check/", workbench.check_field, name="list-new-item-check"),
    path("lists/<int:version>/items/<slug:code>/", workbench.item, name="list-item"),
    path("lists/<int:version>/items/<slug:code>/check/", workbench.check_field, name="list-item-check"),
    path("lists/<int:version>/changes/", history.changes, name="list-changes"),
    path("lists/<int:version>/findings/", findings.findings, name="list-findings"),
    path("lists/<int:version>/findings/panel/", findings.panel, name="list-findings-panel"),
    path("lists/<int:version>/steps/<slug:name>/", steps.step, name="list-step"),
]
