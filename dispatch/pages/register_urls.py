"""The addresses of the registers of places."""

from django.urls import path

from dispatch.pages import exporting, registers, sheets

urlpatterns = [
    path("registers/facilities/", registers.facilities, name="facilities"),
    path("registers/facilities/new/", registers.edit_facility, name="facility-new"),
    path("registers/facilities/edit/<path:code>/", registers.edit_facility, name="facility"),
    path("registers/places/", registers.places, name="named-places"),
    path("registers/places/new/", registers.edit_place, name="named-place-new"),
    path("registers/places/edit/<path:code>/", registers.edit_place, name="named-place"),
    path("registers/<slug:register>/import/", sheets.begin_import, name="register-import-begin"),
    path("registers/<slug:register>/export.csv", registers.export, name="register-export"),
    path("registers/imports/<int:pk>/", sheets.show_import, name="register-import"),
    path("registers/imports/<int:pk>/apply/", sheets.apply_import, name="register-import-apply"),
    path("registers/imports/<int:pk>/problems.csv", sheets.import_problems, name="register-import-problems"),
    path("installation/units/units.<slug:kind>", exporting.export_units, name="units-export"),
    path("installation/people/people.<slug:kind>", exporting.export_people, name="people-export"),
    path("installation/people/sheet/", sheets.begin_people, name="people-sheet"),
    path("installation/people/sheet/<int:pk>/", sheets.show_people, name="people-sheet-run"),
    path("installation/people/sheet/<int:pk>/apply/", sheets.apply_people, name="people-sheet-run-apply"),
    path(
        "installation/people/sheet/<int:pk>/problems.csv",
        sheets.people_problems,
        name="people-sheet-run-problems",
    ),
]
