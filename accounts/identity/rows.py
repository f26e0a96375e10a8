"""What is kept of signing in: who is signed in where, second factors, and a history that is only added to."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Factor(models.TextChoices):
    """What somebody showed to come in."""

    PASSWORD = "password", _("Password")
    CODE = "code", _("Password and code")
    RECOVERY = "recovery", _("Password and recovery code")
    SSO = "sso", _("Through the provider")
    SSO_MFA = "sso_mfa", _("Through the provider, with two factors")
    SSO_CODE = "sso_code", _("Through the provider, and code")
    SSO_RECOVERY = "sso_recov", _("Through the provider, and recovery code")


# One factor only; where a role needs two, a second one is to be set up.
SINGLE = (Factor.PASSWORD, Factor.SSO)
# Nobody's password was shown.
BY_PROVIDER = (Factor.SSO, Factor.SSO_MFA, Factor.SSO_CODE, Factor.SSO_RECOVERY)


class Ending(models.TextChoices):
    """Why a sign-in ended before its time."""

    SIGNED_OUT = "signed_out", pgettext_lazy("sign-in", "signed out")
    ELSEWHERE = "elsewhere", pgettext_lazy("sign-in", "ended from another device")
    ADMINISTRATOR = "administrator", pgettext_lazy("sign-in", "ended by an administrator")
    SURPLUS = "surplus", pgettext_lazy("sign-in", "too many at once")
    IDLE = "idle", pgettext_lazy("sign-in", "nothing done for too long")
    PASSWORD = "password", pgettext_lazy("sign-in", "the password was changed")
    FACTOR = "factor", pgettext_lazy("sign-in", "a second factor was set up")
    FACTOR_GONE = "factor_gone", pgettext_lazy("sign-in", "the second factor was taken away")
    ROLES = "roles", pgettext_lazy("sign-in", "the roles changed")


class StaffSession(models.Model):
    """One browser in which somebody has signed in. Whether it still opens anything says the session itself:
    this row is how it is found again, and what the person is told of it."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="staff_sessions")
    key = models.CharField(max_length=40, unique=True)
    factor = models.CharField(max_length=10, choices=Factor.choices)
    started_at = models.DateTimeField()
    # Written every few minutes at most.
    seen_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True, blank=True)
    device = models.CharField(max_length=60, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ending = models.CharField(max_length=14, choices=Ending.choices, blank=True)

    class Meta:
        ordering = ("-started_at", "-pk")

    def __str__(self) -> str:
        return f"{self.user_id} · {self.device}"


class SecondFactor(models.Model):
    """A key that somebody's telephone shares with us, encrypted as residents' numbers are.

    `last_step` is the newest half minute whose code was taken: none is taken twice, nor an older one after.
    """

    user = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, primary_key=True, related_name="second_factor"
    )
    key_sealed = models.BinaryField()
    set_up_at = models.DateTimeField()
    last_step = models.BigIntegerField(default=0)
    # Wrong codes since the last right one, and until when none is looked at.
    failures = models.PositiveIntegerField(default=0)
    closed_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.user_id}"


class RecoveryCode(models.Model):
    """One way in without the telephone, once. 76 random bits, so a plain digest cannot be guessed back."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}"


class SignInEvent(models.Model):
    """One line of the history of signing in. Rows are only added; the database refuses to change one, and to
    delete one that is younger than six months (183 days)."""

    class Kind(models.TextChoices):
        SIGNED_IN = "signed_in", _("Signed in")
        WRONG_PASSWORD = "wrong_password", _("Wrong password")
        LOCKED_OUT = "locked_out", _("Locked out after too many wrong passwords")
        WRONG_CODE = "wrong_code", _("Wrong code")
        CODES_CLOSED = "codes_closed", _("No code taken for a while after too many wrong ones")
        SIGNED_OUT = "signed_out", _("Signed out")
        ENDED = "ended", _("A sign-in was ended")
        UNLOCKED = "unlocked", _("Unlocked")
        PASSWORD_CHANGED = "password_changed", _("Password changed")
        FACTOR_SET_UP = "factor_set_up", _("Second factor set up")
        FACTOR_REMOVED = "factor_removed", _("Second factor removed")
        FACTOR_RESET = "factor_reset", _("Second factor reset")
        CODES_RENEWED = "codes_renewed", _("New recovery codes")
        REFUSED = "refused", _("Came through the provider and was not let in")
        LINKED = "linked", _("Linked with a sign-in at the provider")
        UNLINKED = "unlinked", _("No longer linked with the provider")
        ROLES = "roles", _("Roles changed by groups at the provider")

    # People are switched off and never deleted, so that what they did keeps its name.
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="sign_in_events")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    at = models.DateTimeField()
    # Why it was ended, or what was shown.
    factor = models.CharField(max_length=10, choices=Factor.choices, blank=True)
    ending = models.CharField(max_length=14, choices=Ending.choices, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    device = models.CharField(max_length=60, blank=True)
    # Who did it, where somebody did it to somebody else; nobody: on the server.
    actor = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-pk",)
        # Somebody's own page, and what happened lately to everybody.
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"], name="sign_in_of_person"),
            models.Index(fields=["kind", "-id"], name="sign_in_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind}"

    @property
    def is_failure(self) -> bool:
        """Somebody was not let in."""
        return self.kind in FAILURES


FAILURES = (
    SignInEvent.Kind.WRONG_PASSWORD,
    SignInEvent.Kind.LOCKED_OUT,
    SignInEvent.Kind.WRONG_CODE,
    SignInEvent.Kind.CODES_CLOSED,
    SignInEvent.Kind.REFUSED,
)
