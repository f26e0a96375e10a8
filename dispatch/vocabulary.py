"""The field's closed lists of words, with their codes and names: see DOMAIN.md of the design."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Source(models.TextChoices):
    """The door that a report came in through."""

    HOTLINE = "hotline", _("12345 hotline")
    RESIDENT_FORM = "resident_form", _("Resident web form")
    PATROL = "patrol", _("Patrol")
    LETTER_VISIT = "letter_visit", _("Letters and visits")
    CITY_APP = "city_app", _("City app")
    SENSOR = "sensor", _("Sensor")
    AI_VIDEO = "ai_video", _("AI video")
    COUNCIL = "council", _("Block council")


class Nature(models.TextChoices):
    """诉求性质: what the speaker wants, whatever it is about."""

    ENQUIRY = "enquiry", _("Enquiry")
    HELP = "help", _("Request for help")
    COMPLAINT = "complaint", _("Complaint")
    TIP_OFF = "tip_off", _("Tip-off")
    SUGGESTION = "suggestion", _("Suggestion")
    PRAISE = "praise", _("Praise")
    FINDING = "finding", _("Patrol finding")
    ALERT = "alert", _("Alert")


class Urgency(models.TextChoices):
    ROUTINE = "routine", _("Routine")
    URGENT = "urgent", _("Urgent")
    EMERGENCY = "emergency", _("Emergency")


class Level(models.TextChoices):
    """分级分类处置: where a matter is settled."""

    BLOCK = "A", _("A · block or grid")
    COMMUNITY = "B", _("B · community")
    STREET = "C", _("C · street")
    DISTRICT = "D", _("D · district")


class PlaceType(models.TextChoices):
    MAIN_ROAD = "main_road", _("Main road")
    SIDE_ROAD = "side_road", _("Side road")
    EXPRESSWAY = "expressway", _("Expressway")
    URBAN_VILLAGE = "urban_village", _("Urban village")
    RESIDENTIAL_ESTATE = "residential_estate", _("Residential estate")
    COMMERCIAL_AREA = "commercial_area", _("Commercial area")
    INDUSTRIAL_PARK = "industrial_park", _("Industrial park")
    CONSTRUCTION_SITE = "construction_site", _("Construction site")
    SCHOOL = "school", _("School")
    HOSPITAL = "hospital", _("Hospital")
    MARKET = "market", _("Market")
    PARK = "park", _("Park")
    FOREST = "forest", _("Forest")
    RIVER_BANK = "river_bank", _("River bank")
    RESERVOIR = "reservoir", _("Reservoir")
    SLOPE = "slope", _("Slope")
    METRO_STATION = "metro_station", _("Metro station")
    BUS_STOP = "bus_stop", _("Bus stop")
    CAR_PARK = "car_park", _("Car park")
    PUBLIC_SQUARE = "public_square", _("Public square")
    GOVERNMENT_SITE = "government_site", _("Government site")
    RURAL_LAND = "rural_land", _("Rural land")
