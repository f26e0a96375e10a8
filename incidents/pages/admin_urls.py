"""The addresses of people, roles and units, as administrators keep them."""

from django.urls import path

from incidents.pages import people, units

urlpatterns = [
    path("installation/people/", people.listed, name="people"),
    path("installation/people/new/", people.new, name="person-new"),
    path("installation/people/<int:pk>/", people.one, name="person"),
    path("installation/people/<int:pk>/roles/", people.give, name="person-role"),
    path("installation/people/<int:pk>/roles/<int:membership>/take/", people.take, name="person-role-take"),
    path("installation/people/<int:pk>/switch/", people.switch, name="person-switch"),
    path("installation/people/<int:pk>/password/", people.password, name="person-password"),
    path("installation/people/of/<path:code>/move/", people.move, name="people-move"),
    path("installation/units/", units.listed, name="units"),
    path("installation/units/new/", units.new, name="unit-new"),
    path("installation/units/of/<path:code>/close/", units.close, name="unit-close"),
    path("installation/units/of/<path:code>/open/", units.reopen, name="unit-open"),
    path("installation/units/of/<path:code>/", units.one, name="unit"),
]
