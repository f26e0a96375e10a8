"""The addresses of the district's areas and categories."""

from django.urls import path

from dispatch.pages import areas, categories

urlpatterns = [
    path("installation/areas/", areas.areas, name="areas"),
    path("installation/areas/import/", areas.begin_import, name="area-import"),
    path("installation/areas/import/<int:pk>/map.json", areas.preview, name="area-import-map"),
    path("installation/areas/areas.geojson", areas.export, name="areas-export"),
    path("installation/areas/<str:code>/", areas.area, name="area"),
    path("installation/categories/", categories.listed, name="categories"),
    path("installation/categories/categories.csv", categories.export, name="categories-export"),
    path("installation/categories/<str:code>/", categories.one, name="category"),
]
