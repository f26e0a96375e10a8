"""Where: the district cut into areas down to grid cells, the facilities in them, and who keeps what."""

from collections.abc import Iterable

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User

_DISTRICT_DIGITS = 6


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


def is_in_a_street(code: str) -> bool:
    """Does an area's code, or the beginning of codes, name a street or what lies in one? Every code lies in
    the whole district, so what is kept to a part of it asks this first."""
    return len(code_prefix(code)) > _DISTRICT_DIGITS


class AreaQuerySet(models.QuerySet["Area"]):
    def of_kind(self, kind: str) -> "AreaQuerySet":
        return self.filter(kind=kind)

    def streets(self) -> "AreaQuerySet":
        return self.of_kind(Area.Kind.STREET).in_use()

    def communities(self) -> "AreaQuerySet":
        return self.of_kind(Area.Kind.COMMUNITY).in_use()

    def cells(self) -> "AreaQuerySet":
        return self.of_kind(Area.Kind.CELL).in_use()

    def blocks(self) -> "AreaQuerySet":
        """Those that a community is cut into now."""
        return self.of_kind(Area.Kind.BLOCK).in_use()

    def in_use(self) -> "AreaQuerySet":
        """All but those that the map has no more, and the blocks that were taken apart."""
        return self.filter(retired_at__isnull=True)

    def within(self, code: str) -> "AreaQuerySet":
        """The area with that code and everything inside it."""
        return self.filter(code__startswith=code_prefix(code))

    def named(self, text: str) -> "AreaQuerySet":
        """Areas whose name, in either language, contains `text`."""
        return self.filter(Q(name_zh__icontains=text) | Q(name_en__icontains=text))

    def without_polygons(self) -> "AreaQuerySet":
        """For lists: outlines are the bulk of a row, so leave them in the table."""
        return self.defer("polygon")

    def names(self, codes: Iterable[str]) -> dict[str, str]:
        """By code, in the reader's language, of those that there are; one query."""
        return {area.code: area.name for area in self.without_polygons().filter(code__in=set(codes))}


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
    # Not on the map any more, or a block that was taken apart: plates, cases and figures name it by its code,
    # so its row stays.
    retired_at = models.DateTimeField(null=True, blank=True)

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
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | ~Q(kind="district"), name="area_district_stays"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def km2(self) -> float:
        """Its size in square kilometres."""
        return self.area_m2 / 1_000_000

    @property
    def name(self) -> str:
        """The name in the reader's language; English is a romanisation made when it was loaded."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh


class AreaChange(models.Model):
    """Who changed the map of the district, when, and in which area. Rows are only added: the database refuses
    to change or to delete one."""

    class What(models.TextChoices):
        ADDED = "added", pgettext_lazy("area", "New")
        CHANGED = "changed", pgettext_lazy("area", "Changed")
        RETIRED = "retired", pgettext_lazy("area", "Retired")

    area = models.CharField(max_length=15)  # its code
    what = models.CharField(max_length=8, choices=What.choices)
    # Its Chinese name before and after; the same where only its outline changed.
    before = models.CharField(max_length=40, blank=True)
    after = models.CharField(max_length=40, blank=True)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("-pk",)
        indexes = [models.Index(fields=["area", "-id"], name="area_changes")]

    def __str__(self) -> str:
        return f"{self.area} {self.what}"


class FacilityQuerySet(models.QuerySet["Facility"]):
    def within(self, code: str) -> "FacilityQuerySet":
        """The facilities in the area with that code."""
        return self.filter(cell__code__startswith=code_prefix(code))

    def with_plate(self, plate: str) -> "FacilityQuerySet":
        """The facility whose plate or QR code says `plate`."""
        return self.filter(plate=plate)

    def in_use(self) -> "FacilityQuerySet":
        """Those that still stand: what is retired keeps its row, and owns nothing any more."""
        return self.filter(retired_at__isnull=True)


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
    # Nothing is deleted: cases name facilities by their codes.
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = FacilityQuerySet.as_manager()

    class Meta:
        ordering = ("code",)
        verbose_name_plural = "facilities"
        indexes = [
            # the register's list, by what it is filtered by
            models.Index(fields=["kind", "code"], name="facility_kind"),
            models.Index(fields=["owner_code", "code"], name="facility_owner"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["plate"], condition=~Q(plate=""), name="facility_plate_once"),
            models.CheckConstraint(
                condition=Q(lon__gte=-180, lon__lte=180, lat__gte=-90, lat__lte=90),
                name="facility_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.plate or self.code}"


class FacilityChange(models.Model):
    """Who said when whose a facility is. The owner decides who is sent, so rows are only added: the database
    refuses to change or to delete one."""

    # Its code: facilities stay in the register when they are retired.
    facility = models.CharField(max_length=40)
    # Owners' codes; empty where it was, or is, nobody's thing: not in the register yet, or retired.
    before = models.CharField(max_length=64, blank=True)
    after = models.CharField(max_length=64, blank=True)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("-pk",)
        indexes = [models.Index(fields=["facility", "-id"], name="facility_changes")]

    def __str__(self) -> str:
        return f"{self.facility}: {self.before} → {self.after}"


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


class NamedPlace(models.Model):
    """地名: a name that people say for a place, and the area that it lies in; a district keeps these rows.

    A road runs through several communities: it has a row for each, with the house numbers there where they
    are known.
    """

    class Kind(models.TextChoices):
        ESTATE = "estate", _("Residential estate")
        BUILDING = "building", _("Building")
        URBAN_VILLAGE = "urban_village", _("Urban village")
        FACTORY = "factory", _("Factory or industrial park")
        DORMITORY = "dormitory", _("Dormitory")
        ROAD = "road", _("Road")
        METRO_STATION = "metro_station", _("Metro station")
        SCHOOL = "school", _("School")
        HOSPITAL = "hospital", _("Hospital")
        PARK = "park", _("Park")
        MALL = "mall", _("Shopping centre")
        MARKET = "market", _("Market")
        SQUARE = "square", _("Public square")
        OFFICE = "office", _("Government office")
        OTHER = "other", _("Other place")

    code = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    # Other names in use, and names of before; separated by |
    aliases = models.CharField(max_length=200, blank=True)
    former_names = models.CharField(max_length=200, blank=True)
    # A district that brings its own map brings its own names: those of areas that go, go with them.
    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="named_places")
    # House numbers of a road in this area, as 1-199 or 1-99 odd; empty: not known.
    numbers = models.CharField(max_length=40, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("code",)
        indexes = [models.Index(fields=["kind", "code"], name="named_place_kind")]
        constraints = [
            models.CheckConstraint(
                condition=Q(lon__isnull=True, lat__isnull=True)
                | Q(lon__gte=-180, lon__lte=180, lat__gte=-90, lat__lte=90),
                name="named_place_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PlaceCode(models.Model):
    """场所码: a printed QR code, and the area, the facility or the building whose place it carries."""

    # Eight letters and digits nobody mixes up (grids.qr); what is printed on a wall stays what it is.
    code = models.CharField(max_length=12, primary_key=True)
    area = models.ForeignKey(
        Area, on_delete=models.PROTECT, null=True, blank=True, related_name="place_codes"
    )
    facility = models.ForeignKey(
        Facility, on_delete=models.PROTECT, null=True, blank=True, related_name="place_codes"
    )
    # A building, an estate or another place with a name of its own.
    place = models.ForeignKey(
        NamedPlace, on_delete=models.PROTECT, null=True, blank=True, related_name="place_codes"
    )
    made_at = models.DateTimeField()
    # Who: null where the machine did it, and for what is older than this record.
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("code",)
        constraints = [
            models.CheckConstraint(
                condition=Q(area__isnull=True, facility__isnull=False, place__isnull=True)
                | Q(area__isnull=False, facility__isnull=True, place__isnull=True)
                | Q(area__isnull=True, facility__isnull=True, place__isnull=False),
                name="place_code_of_one_thing",
            ),
            # one code in use for each thing: printed again, the sheet is the same
            *(
                models.UniqueConstraint(
                    fields=[thing],
                    condition=Q(retired_at__isnull=True, **{f"{thing}__isnull": False}),
                    name=f"place_code_once_{article}_{thing}",
                )
                for article, thing in (("an", "area"), ("a", "facility"), ("a", "place"))
            ),
        ]

    def __str__(self) -> str:
        return self.code


class PlaceCodeDay(models.Model):
    """How often a printed code was scanned on a day of the district, and how many reports came of it; by
    whom, nobody notes. The reports say so themselves (`place_code` in their attributes): these are sums."""

    code = models.ForeignKey(PlaceCode, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    scans = models.PositiveIntegerField()
    reports = models.PositiveIntegerField()

    class Meta:
        ordering = ("code", "day")
        constraints = [models.UniqueConstraint(fields=["code", "day"], name="place_code_day_once")]

    def __str__(self) -> str:
        return f"{self.code_id} {self.day}"


class RegisterStamp(models.Model):
    """Which state a register is in: a new stamp with every change, so that a process sees it cheaply."""

    name = models.CharField(max_length=16, primary_key=True)  # facilities, places, codes, areas
    stamp = models.UUIDField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} {self.stamp}"
