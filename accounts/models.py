"""Who acts: people, the units they belong to, and the systems that send reports."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import connection, models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.audit.rows import AuditCheck, AuditEvent, AuditStub
from accounts.duty import DutyShift, DutyShiftQuerySet
from accounts.identity.provider.rows import GroupRole, ProviderLink
from accounts.identity.rows import RecoveryCode, SecondFactor, SignInEvent, StaffSession
from accounts.notice_preferences import NoticeMode, NoticePreference
from accounts.roles import Role
from accounts.systems.rows import OldToken, SystemChange

__all__ = [
    "ApiClient",
    "AuditCheck",
    "AuditEvent",
    "AuditStub",
    "DutyShift",
    "DutyShiftQuerySet",
    "GroupRole",
    "Membership",
    "NoticeMode",
    "NoticePreference",
    "OldToken",
    "OrgUnit",
    "ProviderLink",
    "RecoveryCode",
    "Scope",
    "SecondFactor",
    "SignInEvent",
    "StaffSession",
    "SystemChange",
    "User",
]


class OrgUnitQuerySet(models.QuerySet["OrgUnit"]):
    def open(self) -> "OrgUnitQuerySet":
        """Units that may be sent work."""
        return self.filter(is_open=True)

    def within(self, unit: "OrgUnit") -> "OrgUnitQuerySet":
        """`unit` and everything below it in the tree."""
        return self.filter(Q(path=unit.path) | Q(path__startswith=f"{unit.path}>"))


class OrgUnit(models.Model):
    """单位: a district department, street office, street team, community station or enterprise."""

    class Kind(models.TextChoices):
        DISTRICT = "district", _("District")
        DEPARTMENT = "district_department", _("District department")
        ENTERPRISE = "enterprise", _("Enterprise")
        STREET_OFFICE = "street_office", _("Street office")
        STREET_TEAM = "street_team", _("Street team")
        COMMUNITY_STATION = "community_station", _("Community station")

    code = models.CharField(max_length=64, primary_key=True)
    kind = models.CharField(max_length=24, choices=Kind.choices)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    # Known by its code alone: places are the business of grids.
    area_code = models.CharField(max_length=15, db_index=True)
    # Codes from the root joined by ">", so that a subtree is one indexed prefix.
    path = models.CharField(max_length=255, unique=True)
    is_open = models.BooleanField(default=True)
    # Of a closed unit: who goes on with its work, whatever still comes for it included.
    successor = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="succeeds", db_index=False
    )
    # Of a closed unit: who closed it, and why. The timeline of each case that goes on says so too.
    closed_by = models.ForeignKey(
        "User", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    closed_why = models.CharField(max_length=200, blank=True, default="", db_default="")

    objects = OrgUnitQuerySet.as_manager()

    class Meta:
        ordering = ("path",)
        indexes = [models.Index(fields=["path"], name="orgunit_subtree", opclasses=["text_pattern_ops"])]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh

    def is_within(self, other: "OrgUnit") -> bool:
        """Is this unit `other`, or below it in the tree?"""
        return self.path == other.path or self.path.startswith(f"{other.path}>")


class User(AbstractUser):
    """A person with a sign-in. What they may do follows from their memberships."""

    display_name = models.CharField(max_length=40, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    # By the person; nobody has changed it since the sign-in was made where it is empty.
    password_changed_at = models.DateTimeField(null=True, blank=True)
    # One that an administrator handed out: its owner changes it before anything else.
    password_is_first = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return self.display_name or self.username


class MembershipQuerySet(models.QuerySet["Membership"]):
    def in_force(self, at: datetime) -> "MembershipQuerySet":
        """Those given by hand, and of those that groups at the provider gave the ones whose person it has
        spoken of lately (OIDC_ROLES_HOURS): of who has left it says nothing any more. `at` is the machine's
        time, as in all that is about signing in."""
        since = at - timedelta(hours=settings.OIDC_ROLES_HOURS)
        spoken_of = ProviderLink.objects.filter(user=OuterRef("user"), groups_at__gt=since)
        return self.filter(Q(by_provider=False) | Exists(spoken_of))

    def able(self, at: datetime) -> "MembershipQuerySet":
        """Those in force of people who can sign in, in units that are open: what somebody could act by.

        Whoever asks, below pages and tasks too, asks as of `timezone.now()`: who can sign in follows the
        machine's own clock, also where the district's is driven.
        """
        return self.in_force(at).filter(user__is_active=True, unit__is_open=True)


class Membership(models.Model):
    """One person in one unit with one role."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    # By a group of theirs at the provider, and gone with it; else somebody here gave it, and takes it away.
    by_provider = models.BooleanField(default=False, db_default=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "unit", "role"], name="membership_once")]
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.user} · {self.unit} · {self.get_role_display()}"


class Scope(models.TextChoices):
    """What an API token may do."""

    REPORT = "report", _("File reports")
    READ = "read", _("Read its own reports and their cases")
    DATA = "data", _("Read data sets: those that are open, and those granted to it")
    # Such a key lies in apps that anybody can take apart, so it opens nothing else.
    OPEN311 = "open311", _("File reports through Open311")


# What a source's token may do unless told otherwise.
_OF_A_SOURCE = (Scope.REPORT, Scope.READ)


class ApiClientManager(models.Manager["ApiClient"]):
    def issue(self, *, name: str, source: str, scopes: list[str] | None = None) -> tuple["ApiClient", str]:
        """Create or re-key the client `name`; returns it with the token, which is shown this once.

        For set-up and demonstrations: what people do is accounts.systems.keeping.
        """
        token = secrets.token_urlsafe(32)
        client, _created = self.update_or_create(
            name=name,
            defaults={
                "source": source,
                "scopes": scopes or [scope.value for scope in _OF_A_SOURCE],
                "token_hash": ApiClient.hash_token(token),
                "is_active": True,
            },
        )
        return client, token

    def for_token(self, token: str) -> "ApiClient | None":
        """The active client that holds `token`, or nothing.

        By hand, because every request of every source asks it: building the query costs more than running it.
        """
        fields = ApiClient._meta.concrete_fields
        columns = ", ".join(str(field.column) for field in fields)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {columns} FROM {ApiClient._meta.db_table} WHERE token_hash = %s AND is_active",
                [ApiClient.hash_token(token)],
            )
            row = cursor.fetchone()
        if row is None:
            return None
        told = [
            field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
            for field, value in zip(fields, row, strict=True)
        ]
        return ApiClient.from_db(connection.alias, [field.attname for field in fields], told)


class ApiClient(models.Model):
    """Another system: a token that is kept as a hash only, bound to one source, and to one unit where it is
    that unit's."""

    name = models.CharField(max_length=80, unique=True)
    source = models.CharField(max_length=24)
    scopes = models.JSONField(default=list)
    token_hash = models.CharField(max_length=64, unique=True)
    is_active = models.BooleanField(default=True)
    # What it sent is closed only once it has accepted our result (办结审核).
    accepts_closing = models.BooleanField(default=False, db_default=False)
    # Of the present token; one that it replaced has an end of its own (OldToken).
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Whose system it is: it files inside that unit's area alone, and of what people entered under its source
    # it reads what that unit has in hand. None: a system of the whole district.
    unit = models.ForeignKey(
        OrgUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # Networks that its tokens may be used from (CIDR); none: from anywhere.
    addresses = models.JSONField(default=list, db_default=[])
    token_at = models.DateTimeField(null=True, blank=True)
    # Written once a minute at most, and in no index, so that it costs next to nothing.
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_from = models.GenericIPAddressField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_from = models.GenericIPAddressField(null=True, blank=True)
    refused_why = models.CharField(max_length=24, blank=True, default="", db_default="")

    objects = ApiClientManager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    # DRF asks the "user" of a request for these.
    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def is_anonymous(self) -> bool:
        return False

    @staticmethod
    def hash_token(token: str) -> str:
        """Tokens are 256 random bits, so a plain digest cannot be guessed back."""
        return hashlib.sha256(token.encode()).hexdigest()


class AcceptanceChange(models.Model):
    """Who said when that a system accepts what we close, or that it is closed here.

    That decides what counts as done, so rows are only added: the database refuses to change or delete one.
    """

    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="acceptance_changes")
    before = models.BooleanField()
    after = models.BooleanField()
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.client}: {self.before} → {self.after}"
