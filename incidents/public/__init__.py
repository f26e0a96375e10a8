"""The one door between residents' pages and the core: submit, status, answer, published.

In-process now; another transport when the public pages move to an outer zone. So everything that goes
through is plain: words, numbers, times, codes with their names, never a row of the database.
"""

from incidents.public.answering import answer
from incidents.public.door import status, submit
from incidents.public.facts import (
    AlikeCase,
    Answer,
    CodeWanted,
    Complaint,
    Mark,
    NearbyQuestion,
    OwnCase,
    OwnReports,
    Phase,
    Photo,
    Rating,
    SettledCase,
    Step,
    StreetWeek,
    ToSecretary,
    TrackedCase,
    UnknownCode,
    Waiting,
    Week,
    WeekQuestion,
    Why,
)
from incidents.public.matters import Matter, MatterQuestion
from incidents.public.open_facts import (
    CasePage,
    CasesQuestion,
    Catalogue,
    CatalogueQuestion,
    Happening,
    NumberQuestion,
    PictureQuestion,
    PublicCase,
    PublicPicture,
    Service,
)
from incidents.public.places import PlaceQuestion, PlaceTold, Scan, StillQuestion
from incidents.public.publishing import published

__all__ = [
    "AlikeCase",
    "Answer",
    "CasePage",
    "CasesQuestion",
    "Catalogue",
    "CatalogueQuestion",
    "CodeWanted",
    "Complaint",
    "Happening",
    "Mark",
    "Matter",
    "MatterQuestion",
    "NearbyQuestion",
    "NumberQuestion",
    "OwnCase",
    "OwnReports",
    "Phase",
    "Photo",
    "PictureQuestion",
    "PlaceQuestion",
    "PlaceTold",
    "PublicCase",
    "PublicPicture",
    "Rating",
    "Scan",
    "Service",
    "SettledCase",
    "Step",
    "StillQuestion",
    "StreetWeek",
    "ToSecretary",
    "TrackedCase",
    "UnknownCode",
    "Waiting",
    "Week",
    "WeekQuestion",
    "Why",
    "answer",
    "published",
    "status",
    "submit",
]
