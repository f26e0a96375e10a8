"""A resident who follows: the proof that a telephone number is theirs, and who wants no text messages."""

from django.db import models

from incidents.models.report import Report


class PhoneProof(models.Model):
    """一次性验证码: somebody says that a number is theirs, and is texted a code to show it.

    Neither the number nor the code is kept: the number by its blind index, the code is made from `salt`
    under the server's own key wherever it is needed. Whether anybody reported under the number makes no
    difference to the row. Its times are the machine's: security runs on no district's clock.
    """

    # Of what the asking browser holds; a copy of the table opens nothing.
    ticket_digest = models.CharField(max_length=64, unique=True)
    phone_index = models.CharField(max_length=64)
    salt = models.CharField(max_length=32)
    language = models.CharField(max_length=8)
    asked_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    proved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        indexes = [
            # how often this number was asked for lately
            models.Index(fields=["phone_index", "asked_at"], name="phone_proof_of_number"),
            # forgetting what is over
            models.Index(fields=["asked_at"], name="phone_proof_asked"),
        ]

    def __str__(self) -> str:
        return f"proof {self.pk}"


class QuietReport(models.Model):
    """The reporter wants no text messages about this report; their page goes on saying everything."""

    report = models.OneToOneField(Report, on_delete=models.CASCADE, related_name="quiet")
    since = models.DateTimeField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"quiet {self.report_id}"
