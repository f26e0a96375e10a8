"""Where: the district cut into areas down to grid cells, the facilities in them, and who keeps what."""

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit


def code_prefix(code: str) -> str:
    """What the codes of everything inside an area begin with.

    Statistical codes nest: 6 digits name the district, 3 more the street, 3 more the community and
    3 more the cell; the levels above the community are padded with zeros to 12.
    """
    if len(code) != 12:
        return code
    if code.endswith("000000"):
        return code[:6]
    return code[:9] if code.endswith("000") else code


class AreaQuerySet(models.QuerySet["Area"]):
    def of_kind(self, kind: str) -> "AreaQuerySet":
        return self.filter(kind=kind)

    def streets(self) -> "AreaQuerySet":
        return self.of_kind(Area.Kind.STREET)

    def communities(self) -> "AreaQuerySet":
        return self.of_kind(Area.Kind.COMMUNITY)

    def cells(self) -> "AreaQuerySet":
        return self.of_kind(Area.Kind.CELL)

    def within(self, code: str) -> "AreaQuerySet":
        """The area with that code and everything inside it."""
        return self.filter(code__startswith=code_prefix(code))

    def named(self, text: str) -> "AreaQuerySet":
        """Areas whose name, in either language, contains `text`."""
        return self.filter(Q(name_zh__icontains=text) | Q(name_en__icontains=text))

    def without_polygons(self) -> "AreaQuerySet":
        """For lists: outlines are the bulk of a row, so leave them in the table."""
        return self.defer("polygon")


class Area(models.Model):
    """区域: the district, a street, a community, a block or a grid cell; each inside its parent."""

    class Kind(models.TextChoices):
        DISTRICT = "district", _("District")
        STREET = "street", _("Street")
        COMMUNITY = "community", _("Community")
        BLOCK = "block", _("Block")
        CELL = "cell", _("Grid cell")

    code = models.CharField(max_length=15, primary_key=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    name_zh = models.CharField(max_length=40)
    name_en = models.CharField(max_length=80)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    # A point inside the polygon, for a label or a marker; WGS-84 degrees.
    lon = models.FloatField()
    lat = models.FloatField()
    area_m2 = models.PositiveBigIntegerField()
    # Rings of [lon, lat] as in GeoJSON: the outline first, then holes. Read whole into the index of
    # grids.locate and drawn as it is; the database is never asked a geometric question.
    polygon = models.JSONField()

    objects = AreaQuerySet.as_manager()

    class Meta:
        ordering = ("code",)
        # within() reads the pattern index that Django gives a text primary key
        indexes = [models.Index(fields=["kind", "code"], name="area_kind")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="district", parent__isnull=True)
                | (~Q(kind="district") & Q(parent__isnull=False)),
                name="area_has_parent_unless_district",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language; English is a romanisation made when it was loaded."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh


class FacilityQuerySet(models.QuerySet["Facility"]):
    def within(self, code: str) -> "FacilityQuerySet":
        """The facilities in the area with that code."""
        return self.filter(cell__code__startswith=code_prefix(code))

    def with_plate(self, plate: str) -> "FacilityQuerySet":
        """The facility whose plate or QR code says `plate`."""
        return self.filter(plate=plate)


class Facility(models.Model):
    """部件: a thing in the street with a kind, an owner and a place."""

    class Kind(models.TextChoices):
        MANHOLE = "manhole", _("Manhole cover")
        GULLY = "gully", _("Gully grate")
        LAMP = "lamp", _("Street lamp")
        HYDRANT = "hydrant", _("Fire hydrant")
        LIFT = "lift", _("Lift")
        CABINET = "cabinet", _("Cabinet")
        POLE = "pole", _("Pole")
        SIGN = "sign", _("Traffic sign")
        SIGNAL = "signal", _("Traffic signal")
        GUARDRAIL = "guardrail", _("Guardrail")
        BRIDGE = "bridge", _("Bridge or crossing")
        BUS_STOP = "bus_stop", _("Bus stop")
        TREE = "tree", _("Street tree")
        BIN = "bin", _("Litter bin")
        TOILET = "toilet", _("Public toilet")
        AMENITY = "amenity", _("Public amenity")
        OTHER = "other", _("Other facility")

    code = models.CharField(max_length=40, primary_key=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    # A unit's code, or "private" or "unknown": the words of the responsibility list's owner condition.
    owner_code = models.CharField(max_length=64)
    lon = models.FloatField()
    lat = models.FloatField()
    cell = models.ForeignKey(Area, on_delete=models.PROTECT, null=True, related_name="facilities")
    plate = models.CharField(max_length=40, blank=True)

    objects = FacilityQuerySet.as_manager()

    class Meta:
        ordering = ("code",)
        verbose_name_plural = "facilities"
        constraints = [
            models.UniqueConstraint(fields=["plate"], condition=~Q(plate=""), name="facility_plate_once"),
            models.CheckConstraint(
                condition=Q(lon__gte=-180, lon__lte=180, lat__gte=-90, lat__lte=90),
                name="facility_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.plate or self.code}"


class JurisdictionQuerySet(models.QuerySet["Jurisdiction"]):
    def keepers_of(self, code: str) -> "JurisdictionQuerySet":
        """Who keeps the area with that code: its own keepers and those of the areas around it."""
        codes = {code, code[:12], f"{code[:9]}000", f"{code[:6]}000000"}
        return self.filter(area_id__in=codes)


class Jurisdiction(models.Model):
    """This unit keeps this area."""

    unit = models.ForeignKey(OrgUnit, on_delete=models.CASCADE, related_name="jurisdictions")
    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="jurisdictions")

    objects = JurisdictionQuerySet.as_manager()

    class Meta:
        ordering = ("area_id", "unit_id")
        constraints = [models.UniqueConstraint(fields=["unit", "area"], name="jurisdiction_once")]

    def __str__(self) -> str:
        return f"{self.unit} · {self.area}"
