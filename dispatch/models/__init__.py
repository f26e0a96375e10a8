"""What the district's matters are, whose they are, and which days it works."""

from dispatch.models.calendar import (
    CalendarDay,
    CalendarEdition,
    CalendarYear,
    Stoppage,
    WorkingHours,
)
from dispatch.models.category import Category, SourceCategory
from dispatch.models.checks import ListCheck
from dispatch.models.responsibility import ItemChange, ListTerm, ResponsibilityItem, ResponsibilityList

__all__ = [
    "CalendarDay",
    "CalendarEdition",
    "CalendarYear",
    "Category",
    "ItemChange",
    "ListCheck",
    "ListTerm",
    "ResponsibilityItem",
    "ResponsibilityList",
    "SourceCategory",
    "Stoppage",
    "WorkingHours",
]
