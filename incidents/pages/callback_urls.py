"""The addresses of the callback desk."""

from django.urls import path

from incidents.pages import callbacks

urlpatterns = [
    path("callbacks/", callbacks.callbacks, name="callbacks"),
    path("callbacks/queue/", callbacks.queue, name="callback-queue"),
    path("callbacks/next/", callbacks.take, name="callback-take"),
    path("callbacks/<int:pk>/", callbacks.callback, name="callback"),
    path("callbacks/<int:pk>/leave/", callbacks.leave, name="callback-leave"),
]
