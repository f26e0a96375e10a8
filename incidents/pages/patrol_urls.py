"""The patrol's pages, and what keeps them on the phone."""

from django.urls import path

from incidents.pages import patrol, patrol_report, worker

urlpatterns = [
    path("sw.js", worker.script, name="service-worker"),
    path("site.webmanifest", worker.manifest, name="web-manifest"),
    path("patrol/", patrol.patrol, name="patrol"),
    path("patrol/report/", patrol_report.report, name="patrol-report"),
    path("patrol/guess/", patrol_report.guess, name="patrol-guess"),
    path("patrol/found/", patrol_report.found, name="patrol-found"),
    path("patrol/found/<str:number>/fix/", patrol_report.fix, name="patrol-fix"),
    path("patrol/check/<str:number>/", patrol.check, name="patrol-check"),
    path("patrol/offline/", worker.offline, name="patrol-offline"),
]
