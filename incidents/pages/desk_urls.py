"""The desk's addresses."""

from django.urls import path

from incidents.pages import desk, desk_acts, desk_bulk, desk_place, desk_reading_acts

urlpatterns = [
    path("desk/", desk.desk, name="desk"),
    path("desk/queue/", desk.queue, name="desk-queue"),
    path("desk/bulk/", desk_bulk.bulk, name="desk-bulk"),
    path("desk/undo/", desk_acts.undo, name="desk-undo"),
    path("desk/<str:number>/", desk.desk, name="desk-case"),
    path("desk/<str:number>/options/", desk.options, name="desk-options"),
    path("desk/<str:number>/here/", desk.here, name="desk-here"),
    path("desk/<str:number>/gone/", desk.gone, name="desk-gone"),
    path("desk/<str:number>/send/", desk_acts.send, name="desk-send"),
    path("desk/<str:number>/claim/", desk_acts.claim, name="desk-claim"),
    path("desk/<str:number>/merge/", desk_acts.merge, name="desk-merge"),
    path("desk/<str:number>/split/", desk_acts.split, name="desk-split"),
    path("desk/<str:number>/talk/", desk_reading_acts.end_talk, name="desk-talk"),
    path("desk/<str:number>/ask/", desk_reading_acts.ask, name="desk-ask"),
    path("desk/<str:number>/correct/", desk_acts.correct, name="desk-correct"),
    path("desk/<str:number>/place/", desk_place.set_place, name="desk-place"),
]
