"""Addresses below /open311/v2/. Each ends in .xml or .json; without an ending the Accept header decides."""

from django.urls import path, re_path

from incidents.open311 import views

_FORMAT = r"(?:\.(?P<format>\w{1,10}))?/?$"

urlpatterns = [
    path("", views.root, name="open311-root"),
    re_path(rf"^discovery{_FORMAT}", views.discovery, name="open311-discovery"),
    re_path(rf"^services{_FORMAT}", views.services, name="open311-services"),
    re_path(rf"^services/(?P<code>[^/.]{{1,40}}){_FORMAT}", views.definition, name="open311-definition"),
    re_path(rf"^requests{_FORMAT}", views.requests, name="open311-requests"),
    re_path(rf"^requests/(?P<number>[^/.]{{1,40}}){_FORMAT}", views.one_request, name="open311-request"),
    re_path(rf"^tokens/(?P<token>[^/.]{{1,40}}){_FORMAT}", views.token, name="open311-token"),
    re_path(r"^(?P<path>.*?)(?:\.(?P<format>xml|json))?$", views.nowhere, name="open311-nowhere"),
]
