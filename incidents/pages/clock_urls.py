"""The administrator's pages of the work calendar and of the rules of the clocks."""

from django.urls import path

from incidents.pages import clock_rules_page, clock_settings

urlpatterns = [
    path("installation/calendar/", clock_settings.work_days, name="work-calendar"),
    path("installation/calendar/<int:year>/confirm/", clock_settings.confirm, name="work-year-confirm"),
    path("installation/calendar/days/<str:day>/", clock_settings.work_day, name="work-day"),
    path("installation/calendar/hours/", clock_settings.unit_hours, name="work-hours"),
    path("installation/calendar/stops/add/", clock_settings.declare, name="stop-declare"),
    path("installation/calendar/stops/<int:pk>/revoke/", clock_settings.revoke, name="stop-revoke"),
    path("installation/clocks/", clock_rules_page.rules, name="clock-rules"),
    path("installation/clocks/<slug:kind>/<slug:urgency>/", clock_rules_page.rule, name="clock-rule"),
]
