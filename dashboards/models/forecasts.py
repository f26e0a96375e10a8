"""What was expected on a day: kept as it was told, so that it can be held against what came."""

from django.db import models


class Forecast(models.Model):
    """The forecast made at the beginning of a day, of that day and those after it, with its test on the past.

    `series` by "street|domain" (empty: all of them): {"status", "lately" (cases in 28 days), "before" (in
    14), "mean", "low", "high" (of each day), "sum" ([mean, low, high]), "loss", "naive", "four_weeks"
    (pinball, a day), "covered", "covered_naive", "covered_sums" (shares)}. Numbers stand only where the
    status is "told".
    """

    day = models.DateField(primary_key=True)  # Asia/Shanghai; the first day that it tells of
    made_at = models.DateTimeField()
    rule = models.CharField(max_length=24)
    history_days = models.PositiveIntegerField()  # whole days that it was learnt from
    origins = models.PositiveIntegerField()  # past days from which it was tried
    series = models.JSONField()
    # The same figures for each scale: "whole", "street", "domain", "cell".
    scales = models.JSONField()

    class Meta:
        ordering = ("-day",)

    def __str__(self) -> str:
        return f"{self.day} by {self.rule}"
