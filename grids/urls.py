from django.urls import path

from grids.views import geojson

app_name = "grids"
urlpatterns = [path("geo/<slug:kind>.json", geojson, name="geojson")]
