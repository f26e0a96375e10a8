"""The addresses of sensors, their alerts and what is kept about them."""

from django.urls import path

from incidents.pages import sensor_forms, sensors

urlpatterns = [
    path("sensors/", sensors.sensors, name="sensors"),
    path("sensors/seen/", sensors.seen, name="sensors-seen"),
    path("sensors/rules/", sensor_forms.rules, name="sensor-rules"),
    path("sensors/rules/new/", sensor_forms.rule, name="sensor-rule-new"),
    path("sensors/rules/<int:pk>/", sensor_forms.rule, name="sensor-rule"),
    path("sensors/inhibitions/new/", sensor_forms.inhibition, name="sensor-inhibition-new"),
    path("sensors/inhibitions/<int:pk>/", sensor_forms.inhibition, name="sensor-inhibition"),
    path("sensors/devices/", sensor_forms.devices, name="sensor-devices"),
    path("sensors/devices/sheet/", sensor_forms.take_sheet, name="sensor-sheet"),
    path("sensors/devices/<int:pk>/", sensor_forms.device, name="sensor-device"),
]
