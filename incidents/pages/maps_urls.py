"""The maps of the staff's lists. They stand before the lists' own addresses: `map` is no case's number."""

from django.urls import path

from incidents.pages import maps

urlpatterns = [
    path("cases/map/", maps.cases_map, name="cases-map"),
    path("cases/map/points/", maps.cases_points, name="cases-map-points"),
    path("inbox/map/", maps.inbox_map, name="inbox-map"),
    path("inbox/map/points/", maps.inbox_points, name="inbox-map-points"),
    path("supervision/map/", maps.supervision_map, name="supervision-map"),
    path("supervision/map/points/", maps.supervision_points, name="supervision-map-points"),
]
