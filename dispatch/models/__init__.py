"""What the district's matters are, whose they are, and which days it works."""

from dispatch.models.calendar import (
    CalendarDay,
    CalendarEdition,
    CalendarYear,
    Stoppage,
    WorkingHours,
)
from dispatch.models.category import Category, CategoryChange, SourceCategory, SourceCategoryChange
from dispatch.models.checks import ListCheck
from dispatch.models.imports import ColumnMapping, ImportedItem, ImportFile, ImportRemark, ListImport
from dispatch.models.registers import RegisterImport
from dispatch.models.responsibility import (
    ItemChange,
    ListEvent,
    ListTerm,
    ResponsibilityItem,
    ResponsibilityList,
)

__all__ = [
    "CalendarDay",
    "CalendarEdition",
    "CalendarYear",
    "Category",
    "CategoryChange",
    "ColumnMapping",
    "ImportFile",
    "ImportRemark",
    "ImportedItem",
    "ItemChange",
    "ListCheck",
    "ListEvent",
    "ListImport",
    "ListTerm",
    "RegisterImport",
    "ResponsibilityItem",
    "ResponsibilityList",
    "SourceCategory",
    "SourceCategoryChange",
    "Stoppage",
    "WorkingHours",
]
