"""The addresses of the registers of places."""

from django.urls import path

from dispatch.pages import registers

urlpatterns = [
    path("registers/facilities/", registers.facilities, name="facilities"),
    path("registers/facilities/new/", registers.edit_facility, name="facility-new"),
    path("registers/facilities/edit/<path:code>/", registers.edit_facility, name="facility"),
    path("registers/places/", registers.places, name="named-places"),
    path("registers/places/new/", registers.edit_place, name="named-place-new"),
    path("registers/places/edit/<path:code>/", registers.edit_place, name="named-place"),
    path("registers/<slug:register>/import/", registers.begin_import, name="register-import-begin"),
    path("registers/<slug:register>/export.csv", registers.export, name="register-export"),
    path("registers/imports/<int:pk>/", registers.show_import, name="register-import"),
    path("registers/imports/<int:pk>/apply/", registers.apply_import, name="register-import-apply"),
    path(
        "registers/imports/<int:pk>/problems.csv", registers.import_problems, name="register-import-problems"
    ),
]
