"""The staff's pages."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from incidents.pages import acting, cases, desk, home, inbox

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", home.SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("no-role/", home.nothing, name="nothing"),
    path("installation/", home.installation, name="installation"),
    path("desk/", desk.desk, name="desk"),
    path("desk/queue/", desk.queue, name="desk-queue"),
    path("desk/<str:number>/", desk.desk, name="desk-case"),
    path("desk/<str:number>/options/", desk.options, name="desk-options"),
    path("desk/<str:number>/send/", desk.send, name="desk-send"),
    path("desk/<str:number>/claim/", desk.claim, name="desk-claim"),
    path("desk/<str:number>/merge/", desk.merge, name="desk-merge"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("cases/", cases.cases, name="cases"),
    path("cases/<str:number>/", cases.case, name="case"),
    path("cases/<str:number>/unmask/", cases.unmask, name="case-unmask"),
    path("cases/<str:number>/<slug:step>/", acting.act, name="case-act"),
]
