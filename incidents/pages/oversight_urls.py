"""Addresses of what leaders and supervisors keep: instructions, letters, orders."""

from django.urls import path

from incidents.pages import alarms_page, instructions, joins, orders_page, secretary

urlpatterns = [
    path("instructions/", instructions.instructions, name="instructions"),
    path("instructions/new/", instructions.new, name="instruction-new"),
    path("instructions/<str:number>/", instructions.instruction, name="instruction"),
    path("instructions/<str:number>/report/", instructions.report, name="instruction-report"),
    path("instructions/<str:number>/judge/", instructions.judge, name="instruction-judge"),
    path("instructions/<str:number>/withdraw/", instructions.withdraw, name="instruction-withdraw"),
    path("secretary/", secretary.inbox, name="letters"),
    path("secretary/<int:pk>/", secretary.letter, name="letter"),
    path("secretary/<int:pk>/reply/", secretary.reply, name="letter-reply"),
    path("supervision/alarms/", alarms_page.alarms, name="alarms"),
    path("supervision/joins/", joins.joins, name="joins"),
    path("supervision/orders/", orders_page.orders, name="orders"),
]
