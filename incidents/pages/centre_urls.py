"""The operations centres' pages, known by the code of the area that each centre watches."""

from django.urls import path

from incidents.pages import centre, centre_board, centre_handover, centre_quality, centre_shares, centre_wall

urlpatterns = [
    path("centre/", centre.home, name="centre"),
    path("centre/<slug:code>/wall/", centre_wall.wall, name="centre-wall"),
    path("centre/<slug:code>/board/", centre_board.board, name="centre-board"),
    path("centre/<slug:code>/board/<slug:line>/", centre_board.line, name="centre-line"),
    path("centre/<slug:code>/handover/", centre_handover.handover, name="centre-handover"),
    path("centre/<slug:code>/handover/write/", centre_handover.write, name="centre-handover-write"),
    path("centre/<slug:code>/handover/<int:pk>/take/", centre_handover.take, name="centre-handover-take"),
    path("centre/<slug:code>/shares/", centre_shares.shares, name="centre-shares"),
    path("centre/<slug:code>/shares/<int:user_id>/away/", centre_shares.away, name="centre-share-away"),
    path("centre/<slug:code>/quality/", centre_quality.quality, name="centre-quality"),
    path("centre/<slug:code>/quality/draw/", centre_quality.draw, name="centre-quality-draw"),
    path("centre/<slug:code>/quality/<int:pk>/", centre_quality.sample, name="centre-quality-sample"),
]
