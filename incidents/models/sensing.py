"""Alerts of devices: what is known of a device, what its alerts mean, how they stand, and their cases.

An alert is a state that begins and ends many times; a case is opened for it once. Episodes keep each
time that it burned, so that what comes twice, late or in the wrong order is known for what it is.
"""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import ApiClient, User
from dispatch.vocabulary import Urgency
from incidents.models.incident import Incident


class AlertChannel(models.TextChoices):
    """How an alert came."""

    ALERTMANAGER = "alertmanager", "Alertmanager"
    CLOUDEVENTS = "cloudevents", "CloudEvents"
    MQTT = "mqtt", "MQTT"


class AlertRule(models.Model):
    """What an alert means here: of the rules in order, the first whose matchers all hold says it."""

    position = models.PositiveIntegerField()
    name = models.CharField(max_length=80)
    # [{"name": "kind", "op": "=", "value": "smoke"}], as in Alertmanager: = != =~ !~
    matchers = models.JSONField(default=list)
    category_code = models.CharField(max_length=4, blank=True)  # empty: read from the text
    urgency = models.CharField(max_length=12, choices=Urgency.choices, blank=True)  # empty: by severity
    text = models.CharField(max_length=400, blank=True)
    makes_case = models.BooleanField(default=True)  # False: only noted, as a heartbeat's alert is
    # False: what has burned is looked at by somebody, also when it cleared by itself.
    closes_itself = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.name


class AlertInhibition(models.Model):
    """While an alert burns that the first matchers fit, those that the second fit open no case.

    Either both have the same values of the labels `equal`, or the one burns at a device above the other's.
    """

    name = models.CharField(max_length=80)
    source_matchers = models.JSONField(default=list)
    target_matchers = models.JSONField(default=list)
    equal = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    of_parent = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class AlertDevice(models.Model):
    """A device that alerts come from: from a sheet, or known by its first alert and without a place yet."""

    code = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=80, blank=True)
    lon = models.FloatField(null=True, blank=True)  # WGS-84
    lat = models.FloatField(null=True, blank=True)
    address = models.CharField(max_length=200, blank=True)
    place_type = models.CharField(max_length=24, blank=True)
    # The facility that it watches; its owner stands in the register of facilities.
    facility_code = models.CharField(max_length=40, blank=True)
    owner_code = models.CharField(max_length=64, blank=True)  # a unit's code, "private" or "unknown"
    parent = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children"
    )
    # What its alerts mean, whatever the other rules say.
    rule = models.ForeignKey(AlertRule, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    by_sheet = models.BooleanField(default=False)
    known_since = models.DateTimeField()
    last_seen_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("code",)
        constraints = [
            models.CheckConstraint(
                condition=Q(lon__isnull=True, lat__isnull=True)
                | Q(lon__gte=-180, lon__lte=180, lat__gte=-90, lat__lte=90),
                name="alert_device_on_earth",
            ),
        ]
        indexes = [
            # devices that nobody has placed
            models.Index(
                fields=["-known_since", "-id"],
                name="alert_device_unknown",
                condition=Q(by_sheet=False, changed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.code


class AlertCase(models.Model):
    """What one case was opened for: an alert, or the alerts of many devices below one parent.

    It is written first, with everything that the report will say; the report is filed under its
    `external_id`, as often as it takes, and is one report.
    """

    class End(models.TextChoices):
        CLEARED = "cleared", _("Cleared before anyone acted")
        CLOSED = "closed", _("Closed by people")

    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=24)
    # "alert:71", or "parent:12:lamp_fault": one open case each.
    group_key = models.CharField(max_length=160)
    parent = models.ForeignKey(
        AlertDevice, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    external_id = models.CharField(max_length=120, unique=True)
    draft = models.JSONField(default=dict)
    closes_itself = models.BooleanField(default=True)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="alert_cases"
    )
    refused = models.CharField(max_length=40, blank=True)  # why no report could be filed
    opened_at = models.DateTimeField()
    devices = models.PositiveIntegerField(default=1)
    # Lines for the case's timeline that are to be written: [{"kind", "at", "data"}].
    pending = models.JSONField(default=list)
    # When everything has been clear for so long that it counts as over; empty while something burns.
    check_at = models.DateTimeField(null=True, blank=True)
    told_clear = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=8, choices=End.choices, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["group_key"], condition=Q(ended_at__isnull=True), name="one_open_alert_case"
            ),
        ]
        indexes = [
            # the sweep: what may be over, what has no report yet, what has lines to write
            models.Index(
                fields=["check_at", "id"], name="alert_case_due", condition=Q(ended_at__isnull=True)
            ),
            models.Index(fields=["id"], name="alert_case_unfiled", condition=Q(incident__isnull=True)),
            models.Index(fields=["id"], name="alert_case_untold", condition=~Q(pending=[])),
        ]

    def __str__(self) -> str:
        return self.external_id


class AlertQuerySet(models.QuerySet["Alert"]):
    def burning(self) -> "AlertQuerySet":
        return self.filter(is_firing=True)


class Alert(models.Model):
    """How one alert of one device stands: the same fingerprint is the same alert for ever."""

    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="+", db_index=False)
    source = models.CharField(max_length=24)
    key = models.CharField(max_length=160)
    channel = models.CharField(max_length=16, choices=AlertChannel.choices)
    device = models.ForeignKey(
        AlertDevice, on_delete=models.SET_NULL, null=True, blank=True, related_name="alerts"
    )
    kind = models.CharField(max_length=80)
    severity = models.CharField(max_length=24, blank=True)
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    value = models.CharField(max_length=40, blank=True)
    url = models.CharField(max_length=500, blank=True)  # where its source explains it
    picture = models.CharField(max_length=500, blank=True)  # shown as an address, never fetched
    rule = models.ForeignKey(
        AlertRule, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    is_mapped = models.BooleanField(default=True)
    street_code = models.CharField(max_length=15, blank=True)
    lon = models.FloatField(null=True, blank=True)  # where the message says it is; WGS-84
    lat = models.FloatField(null=True, blank=True)

    is_firing = models.BooleanField(default=False)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # What began up to here is known to be over, whatever comes late.
    cleared_to = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField()
    stale_at = models.DateTimeField(null=True, blank=True)
    fires = models.PositiveIntegerField(default=0)
    repeats = models.PositiveIntegerField(default=0)
    recent = ArrayField(models.DateTimeField(), default=list)  # its last beginnings
    flapping_since = models.DateTimeField(null=True, blank=True)
    can_inhibit = models.BooleanField(default=False)
    inhibited_by = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="inhibits"
    )
    case = models.ForeignKey(
        AlertCase, on_delete=models.SET_NULL, null=True, blank=True, related_name="alerts"
    )

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="alert_once_per_client")]
        indexes = [
            # the page of alerts, newest first
            models.Index(fields=["-started_at", "-id"], name="alert_burning", condition=Q(is_firing=True)),
            models.Index(fields=["id"], name="alert_parents", condition=Q(is_firing=True, can_inhibit=True)),
            models.Index(fields=["id"], name="alert_flapping", condition=Q(flapping_since__isnull=False)),
            models.Index(fields=["-seen_at", "-id"], name="alert_unmapped", condition=Q(is_mapped=False)),
            # no word for long
            models.Index(
                fields=["seen_at"], name="alert_silent", condition=Q(is_firing=True, stale_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def moved_at(self) -> datetime | None:
        """When it last began or ended."""
        return max((at for at in (self.started_at, self.ended_at) if at), default=None)


class AlertEpisode(models.Model):
    """One time that an alert burned. A second message about the same beginning finds it here."""

    class Fate(models.TextChoices):
        """What came of it."""

        OPENED = "opened", pgettext_lazy("alert", "Opened the case")
        JOINED = "joined", pgettext_lazy("alert", "Went to the open case")
        FLAPPING = "flapping", pgettext_lazy("alert", "Flapping: no case of its own")
        INHIBITED = "inhibited", pgettext_lazy("alert", "Held back: a cause burns")
        NOTED = "noted", pgettext_lazy("alert", "Only noted")
        LATE = "late", pgettext_lazy("alert", "Heard of when it was over")

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="episodes")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    heard_at = models.DateTimeField()
    repeats = models.PositiveIntegerField(default=0)
    fate = models.CharField(max_length=10, choices=Fate.choices, blank=True)
    case = models.ForeignKey(
        AlertCase, on_delete=models.SET_NULL, null=True, blank=True, related_name="episodes"
    )

    class Meta:
        ordering = ("-started_at", "-pk")
        # Ended ones by their age: what is old is looked for every few seconds.
        indexes = [
            models.Index(fields=["ended_at"], name="episode_ended", condition=Q(ended_at__isnull=False))
        ]
        constraints = [
            models.UniqueConstraint(fields=["alert", "started_at"], name="alert_episode_once"),
            models.UniqueConstraint(
                fields=["alert"], condition=Q(ended_at__isnull=True), name="one_burning_episode"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} · {self.started_at:%Y-%m-%d %H:%M}"


class AlertMessage(models.Model):
    """An event's own id: what has been taken in under it is not taken in again."""

    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="+")
    origin = models.CharField(max_length=200)
    message_id = models.CharField(max_length=200)
    at = models.DateTimeField(db_index=True)  # forgotten after a while

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["client", "origin", "message_id"], name="alert_message_once"),
        ]

    def __str__(self) -> str:
        return self.message_id


class AlertSetAside(models.Model):
    """A message that could not be read, and why: shown until somebody has looked."""

    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    channel = models.CharField(max_length=16, choices=AlertChannel.choices)
    origin = models.CharField(max_length=300, blank=True)  # a topic, or an address
    reason = models.CharField(max_length=40)
    detail = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True)  # its beginning
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)
    seen_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("-pk",)
        indexes = [models.Index(fields=["-id"], name="alert_set_aside", condition=Q(seen_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.channel} · {self.reason}"


class AlertFeed(models.Model):
    """When each door was last heard of; the broker's also says whether the line is up."""

    channel = models.CharField(max_length=16, choices=AlertChannel.choices)
    name = models.CharField(max_length=80)
    heard_at = models.DateTimeField(null=True, blank=True)
    is_up = models.BooleanField(default=True)
    since = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("channel", "name")
        constraints = [models.UniqueConstraint(fields=["channel", "name"], name="alert_feed_once")]

    def __str__(self) -> str:
        return f"{self.channel} · {self.name}"
