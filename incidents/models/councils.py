"""街区与街区理事会: which cells make a block, who answers for it by name, and who sits on its council."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from grids.models import Area
from incidents.models.contact import seal, unseal


class BlockCell(models.Model):
    """This grid cell lies in this block. A map brings cells; a street cuts them into blocks."""

    block = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="+")
    cell = models.OneToOneField(Area, on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering = ("block_id", "cell_id")

    def __str__(self) -> str:
        return f"{self.block_id} · {self.cell_id}"


class BlockChange(models.Model):
    """How a block's cells came to be its own: who cut it, changed it, or took it apart. Kept when it is gone,
    and so is its code: none is given twice."""

    class What(models.TextChoices):
        CUT = "cut", pgettext_lazy("block", "Cut")
        CHANGED = "changed", pgettext_lazy("block", "Changed")
        UNDONE = "undone", pgettext_lazy("block", "Taken apart")

    area_code = models.CharField(max_length=15, db_index=True)
    what = models.CharField(max_length=8, choices=What.choices)
    name = models.CharField(max_length=40)
    cells = models.JSONField()  # codes, as they were from then on
    at = models.DateTimeField()
    # Nobody: a file that the installation's keeper loaded.
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.area_code} · {self.what}"


class BlockRole(models.Model):
    """Somebody answers for a block in one of its named roles, from one day to another."""

    class Role(models.TextChoices):
        FIRST_SECRETARY = "first_secretary", _("First secretary")
        INSTRUCTOR = "instructor", _("Block instructor")
        HEAD = "head", _("Head of the block")

    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=16, choices=Role.choices)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="block_roles")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    named_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("area_id", "pk")
        constraints = [
            # the sweep of the clocks tells each role of a block once
            models.UniqueConstraint(
                fields=["area", "role"], condition=Q(until__isnull=True), name="block_role_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.area_id} · {self.role}"


class CouncilMember(models.Model):
    """理事: sits on the council of a block or a community. Residents, so the name is kept sealed."""

    class Duty(models.TextChoices):
        CHAIR = "chair", _("Chair")
        SECRETARY = "secretary", _("Keeps the minutes")
        MEMBER = "member", _("Member")

    area_code = models.CharField(max_length=15, db_index=True)
    name_sealed = models.BinaryField(default=b"")
    duty = models.CharField(max_length=12, choices=Duty.choices, default=Duty.MEMBER)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"member {self.pk}"

    @classmethod
    def of(cls, area_code: str, name: str, duty: str, *, by: User, at: datetime) -> "CouncilMember":
        """An unsaved member with the name sealed."""
        return cls(area_code=area_code, name_sealed=seal(name), duty=duty, since=at, entered_by=by)

    @property
    def name(self) -> str:
        return unseal(self.name_sealed)
