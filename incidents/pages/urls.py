"""The staff's pages."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from incidents.pages import acting, cases, desk, duty, home, inbox, messages, notices, preferences

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", home.SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("no-role/", home.nothing, name="nothing"),
    path("installation/", home.installation, name="installation"),
    path("installation/messages/", messages.overview, name="messages"),
    path("installation/messages/retry/", messages.retry, name="messages-retry"),
    path("installation/messages/webhooks/", messages.add_webhook, name="webhook-add"),
    path("installation/messages/webhooks/<int:pk>/", messages.webhook, name="webhook"),
    path("desk/", desk.desk, name="desk"),
    path("desk/queue/", desk.queue, name="desk-queue"),
    path("desk/<str:number>/", desk.desk, name="desk-case"),
    path("desk/<str:number>/options/", desk.options, name="desk-options"),
    path("desk/<str:number>/send/", desk.send, name="desk-send"),
    path("desk/<str:number>/claim/", desk.claim, name="desk-claim"),
    path("desk/<str:number>/merge/", desk.merge, name="desk-merge"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("notices/", notices.notices, name="notices"),
    path("notices/bell/", notices.bell, name="notices-bell"),
    path("notices/read/", notices.read_all, name="notices-read"),
    path("notices/<int:pk>/", notices.follow, name="notice"),
    path("notices/<int:pk>/read/", notices.read_one, name="notice-read"),
    path("me/notices/", preferences.preferences, name="preferences"),
    path("duty/", duty.duty, name="duty"),
    path("duty/add/", duty.add, name="duty-add"),
    path("duty/copy/", duty.copy, name="duty-copy"),
    path("duty/<int:pk>/", duty.change, name="duty-change"),
    path("duty/<int:pk>/remove/", duty.remove, name="duty-remove"),
    path("cases/", cases.cases, name="cases"),
    path("cases/<str:number>/", cases.case, name="case"),
    path("cases/<str:number>/unmask/", cases.unmask, name="case-unmask"),
    path("cases/<str:number>/<slug:step>/", acting.act, name="case-act"),
]
