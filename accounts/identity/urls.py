"""The addresses of signing in, and of what a person and an administrator see of it."""

from django.urls import path

from accounts.identity.pages import groups, office, own, signing_in
from accounts.identity.provider import pages as provider

urlpatterns = [
    path("sign-in/code/", signing_in.code, name="sign-in-code"),
    path("sign-in/provider/", provider.begin, name="sign-in-provider"),
    path("sign-in/provider/link/", provider.link_own, name="sign-in-provider-link"),
    path("sign-in/provider/back/", provider.back, name="sign-in-provider-back"),
    path("sign-out/", provider.SignOut.as_view(), name="sign-out"),
    path("signed-out/", provider.signed_out, name="signed-out"),
    path("me/sign-in/", own.overview, name="my-sign-in"),
    path("me/sign-in/end/", own.end_sign_ins, name="my-sign-in-end"),
    path("me/password/", own.password, name="password-change"),
    path("me/second-factor/", own.set_up, name="second-factor-set-up"),
    path("me/second-factor/codes/", own.renew_codes, name="second-factor-codes"),
    path("me/second-factor/remove/", own.remove, name="second-factor-remove"),
    path("installation/sign-ins/", office.people, name="sign-ins"),
    path("installation/sign-ins/<int:pk>/", office.one, name="sign-ins-of"),
    path("installation/sign-ins/<int:pk>/end/", office.end, name="sign-ins-end"),
    path("installation/sign-ins/<int:pk>/unlock/", office.unlock, name="sign-ins-unlock"),
    path("installation/sign-ins/<int:pk>/reset/", office.reset, name="sign-ins-reset"),
    path("installation/sign-ins/<int:pk>/link/", office.link, name="sign-ins-link"),
    path("installation/sign-ins/<int:pk>/unlink/", office.unlink, name="sign-ins-unlink"),
    path("installation/provider/", groups.listed, name="provider"),
    path("installation/provider/<int:pk>/end/", groups.end, name="provider-group-end"),
]
