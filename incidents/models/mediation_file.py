"""调解案卷: the file of a mediation, from taking it on to looking whether the agreement is kept.

Who the parties are is a `Contact`, as a reporter is; what was said and agreed names people, so it is sealed
as names and numbers are. The timeline knows ids and codes alone.
"""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import OrgUnit, User
from incidents.models.contact import Contact, seal, unseal
from incidents.models.incident import Incident
from incidents.models.mediation import Mediation


class MediationFile(models.Model):
    """One mediation of a dispute by one unit. A case may have several, one after the other."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("mediation", "Being mediated")
        SETTLED = "settled", pgettext_lazy("mediation", "Settled")
        FAILED = "failed", pgettext_lazy("mediation", "Not settled")
        WITHDRAWN = "withdrawn", pgettext_lazy("mediation", "Withdrawn by a party")
        # The case went elsewhere, was merged or closed before anything came of it.
        OVERTAKEN = "overtaken", pgettext_lazy("mediation", "Broken off: the case moved on")

    class Next(models.TextChoices):
        """What a party can do where nothing was settled."""

        ADMINISTRATIVE = "administrative", _("Administrative mediation")
        JUDICIAL = "judicial", _("Judicial mediation")
        ARBITRATION = "arbitration", _("Arbitration")
        COURT = "court", _("The court")
        NOTHING = "nothing", _("Nothing more is wanted")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="mediation_files")
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=Mediation.Kind.choices)
    mediator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # Of the case: what was mediated before a reopening says nothing about the rework.
    handling_run = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ended_words_sealed = models.BinaryField(default=b"")
    next_step = models.CharField(max_length=16, choices=Next.choices, blank=True)
    # The day on which somebody asks whether it is kept; for SETTLED.
    follow_up_on = models.DateField(null=True, blank=True)
    # Disputes between the same people before, as the mediator knows them.
    earlier = models.ManyToManyField(Incident, related_name="+", blank=True)
    # Raised by every action on the file: two people do not write over one another.
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(state="open"), name="one_open_mediation_file"
            ),
            models.CheckConstraint(
                condition=Q(state="open", ended_at__isnull=True)
                | (~Q(state="open") & Q(ended_at__isnull=False)),
                name="mediation_file_ends_once",
            ),
        ]
        indexes = [
            # what is to be asked after, soonest first
            models.Index(
                fields=["follow_up_on", "id"], name="mediation_follow_up", condition=Q(state="settled")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident} · {self.kind} · {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def ended_words(self) -> str:
        return unseal(self.ended_words_sealed)


class MediationParty(models.Model):
    """当事人: somebody whom the dispute is between."""

    class Side(models.TextChoices):
        APPLICANT = "applicant", pgettext_lazy("mediation", "Applicant")
        RESPONDENT = "respondent", pgettext_lazy("mediation", "Respondent")
        THIRD = "third", pgettext_lazy("mediation", "Third party")

    file = models.ForeignKey(MediationFile, on_delete=models.PROTECT, related_name="parties")
    position = models.PositiveSmallIntegerField()
    side = models.CharField(max_length=12, choices=Side.choices)
    contact = models.OneToOneField(Contact, on_delete=models.PROTECT, related_name="+")
    joined_at = models.DateTimeField()
    # A party may leave at any time; then nothing can be settled with them.
    left_at = models.DateTimeField(null=True, blank=True)
    left_words_sealed = models.BinaryField(default=b"")

    class Meta:
        ordering = ("file", "position")
        constraints = [
            models.UniqueConstraint(fields=["file", "position"], name="mediation_party_once"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} · {self.position}"

    @property
    def left_words(self) -> str:
        return unseal(self.left_words_sealed)


class MediationSession(models.Model):
    """调解会: one meeting, with who came and what was said."""

    class Result(models.TextChoices):
        AGREED = "agreed", pgettext_lazy("mediation session", "They came to terms")
        AGAIN = "again", pgettext_lazy("mediation session", "They will meet again")
        BROKEN_OFF = "broken_off", pgettext_lazy("mediation session", "They did not come to terms")

    file = models.ForeignKey(MediationFile, on_delete=models.PROTECT, related_name="sessions")
    position = models.PositiveSmallIntegerField()
    held_at = models.DateTimeField()
    place_sealed = models.BinaryField(default=b"")  # it may be at somebody's home
    present = models.ManyToManyField(MediationParty, related_name="sessions")
    others = models.PositiveSmallIntegerField(default=0)  # neighbours, a lawyer, the police
    words_sealed = models.BinaryField(default=b"")
    result = models.CharField(max_length=12, choices=Result.choices)
    entered_at = models.DateTimeField()
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("file", "position")
        constraints = [
            models.UniqueConstraint(fields=["file", "position"], name="mediation_session_once"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} · {self.position}"

    @property
    def place(self) -> str:
        return unseal(self.place_sealed)

    @property
    def words(self) -> str:
        return unseal(self.words_sealed)


class MediationAgreement(models.Model):
    """调解协议: the terms, in editions. The last one counts, and whoever confirmed an earlier one has not
    confirmed it."""

    file = models.ForeignKey(MediationFile, on_delete=models.PROTECT, related_name="agreements")
    edition = models.PositiveSmallIntegerField()
    terms_sealed = models.BinaryField()
    perform_by = models.DateField(null=True, blank=True)
    is_oral = models.BooleanField(default=False)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("file", "edition")
        constraints = [
            models.UniqueConstraint(fields=["file", "edition"], name="mediation_agreement_once"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} · {self.edition}"

    @property
    def terms(self) -> str:
        return unseal(self.terms_sealed)


class MediationConfirmation(models.Model):
    """A party stands by an agreement."""

    class How(models.TextChoices):
        SIGNED = "signed", pgettext_lazy("mediation", "Signed on paper")
        SAID = "said", pgettext_lazy("mediation", "Said so at the session")
        PHONED = "phoned", pgettext_lazy("mediation", "Said so on the telephone")

    agreement = models.ForeignKey(MediationAgreement, on_delete=models.PROTECT, related_name="confirmations")
    party = models.ForeignKey(MediationParty, on_delete=models.PROTECT, related_name="confirmations")
    how = models.CharField(max_length=8, choices=How.choices)
    confirmed_at = models.DateTimeField()
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["agreement", "party"], name="mediation_confirmed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} · {self.party_id}"


class MediationFollowUp(models.Model):
    """回访: is the agreement kept?"""

    class How(models.TextChoices):
        VISIT = "visit", pgettext_lazy("mediation", "Visit")
        CALL = "call", pgettext_lazy("mediation", "Telephone")

    class Result(models.TextChoices):
        KEPT = "kept", pgettext_lazy("mediation", "It is kept")
        PARTLY = "partly", pgettext_lazy("mediation", "Kept in part")
        BROKEN = "broken", pgettext_lazy("mediation", "It is not kept")

    file = models.ForeignKey(MediationFile, on_delete=models.PROTECT, related_name="follow_ups")
    made_at = models.DateTimeField()
    how = models.CharField(max_length=8, choices=How.choices)
    result = models.CharField(max_length=8, choices=Result.choices)
    words_sealed = models.BinaryField(default=b"")
    entered_at = models.DateTimeField()
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.file_id} · {self.result}"

    @property
    def words(self) -> str:
        return unseal(self.words_sealed)


class MediationScan(models.Model):
    """A signed sheet or a piece of evidence: sealed, on no page, and each time it is taken out recorded."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mediation = models.ForeignKey(MediationFile, on_delete=models.PROTECT, related_name="scans")
    file = models.FileField(upload_to="mediation/%Y/%m/%d")
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()  # bytes, before sealing
    fingerprint = models.CharField(max_length=64)
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("uploaded_at", "pk")
        constraints = [
            models.UniqueConstraint(fields=["mediation", "fingerprint"], name="mediation_scan_once"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


def sealed(words: str) -> bytes:
    """Words as the columns above keep them."""
    return seal(words.strip())
