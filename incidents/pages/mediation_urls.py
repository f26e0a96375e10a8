"""The addresses of mediations."""

from django.urls import path

from incidents.pages import mediation, mediation_steps

urlpatterns = [
    path("mediation/", mediation.listed, name="mediations"),
    path("mediation/new/<str:number>/", mediation_steps.new, name="mediation-new"),
    path("mediation/<int:pk>/", mediation.file, name="mediation"),
    path("mediation/<int:pk>/read/", mediation.unveiled, name="mediation-read"),
    path("mediation/<int:pk>/pdf/", mediation.printed, name="mediation-pdf"),
    path("mediation/<int:pk>/scans/<uuid:document>/", mediation.scan, name="mediation-scan"),
    path("mediation/<int:pk>/<slug:step>/", mediation_steps.act, name="mediation-act"),
]
