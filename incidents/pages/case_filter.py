"""What the list of cases, its map and its saved views are narrowed by. Filters live in the address."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OrgUnit
from dispatch.models import Category
from dispatch.vocabulary import Level, Source, Urgency
from grids.models import Area
from incidents.models import Adjudication, Assignment, Incident, Supervision
from incidents.models.incident import OPEN_STATUSES, Status
from incidents.numbers import DISTRICT_ZONE
from incidents.pages.widgets import LongSelect
from incidents.searching.finding import WORDS_MOST

# What has happened to a case, as labels to pick from; several together narrow further.
TAGS: dict[str, tuple[Promise, Callable[[], Q]]] = {
    "returned": (gettext_lazy("Was returned"), lambda: Q(return_count__gt=0)),
    "reworked": (gettext_lazy("Was reopened"), lambda: Q(rework_count__gt=0)),
    "chased": (gettext_lazy("Was chased"), lambda: Q(chased_count__gt=0)),
    "several": (gettext_lazy("Several reports"), lambda: Q(report_count__gt=1)),
    "upstream": (gettext_lazy("Awaits acceptance above"), lambda: Q(upstream_since__isnull=False)),
    "disputed": (
        gettext_lazy("Awaits a ruling"),
        lambda: Q(pk__in=Adjudication.objects.open().values("incident")),
    ),
    "supported": (
        gettext_lazy("Others help"),
        lambda: Q(
            pk__in=Assignment.objects.filter(
                role=Assignment.Role.SUPPORT, ended_at__isnull=True, incident__status__in=OPEN_STATUSES
            ).values("incident")
        ),
    ),
}


def _select(first: Any) -> LongSelect:
    return LongSelect(attrs={"class": "form-select", "data-submit-on-change": "", "aria-label": first})


def _check() -> forms.CheckboxInput:
    return forms.CheckboxInput(attrs={"data-submit-on-change": "", "class": "form-check-input"})


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d")
    years = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2100, 1, 1))]
    return forms.DateField(
        label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"], validators=years
    )


class CaseFilter(forms.Form):
    """The filters of the list of cases; they live in the address."""

    # What most people narrow by, most of the time; the others are behind a word.
    MAIN = ("status", "street", "unit", "category", "urgency")
    MORE = ("domain", "community", "source", "level", "received_from", "received_to")

    status = forms.ChoiceField(label=gettext_lazy("Status"), required=False)
    street = forms.ChoiceField(label=gettext_lazy("Street"), required=False)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), required=False)
    category = forms.ChoiceField(label=gettext_lazy("Category"), required=False)
    urgency = forms.ChoiceField(label=gettext_lazy("Urgency"), required=False)
    domain = forms.ChoiceField(label=gettext_lazy("Domain"), required=False)
    community = forms.ChoiceField(label=gettext_lazy("Community"), required=False)
    source = forms.ChoiceField(label=gettext_lazy("Source"), required=False)
    level = forms.ChoiceField(label=gettext_lazy("Level"), required=False)
    received_from = _day(gettext_lazy("Received from"))
    received_to = _day(gettext_lazy("Received until"))
    tag = forms.MultipleChoiceField(
        label=gettext_lazy("Labels"),
        required=False,
        choices=[(name, label) for name, (label, _condition) in TAGS.items()],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    overdue = forms.BooleanField(label=gettext_lazy("Overdue"), required=False, widget=_check())
    supervised = forms.BooleanField(label=gettext_lazy("Under order"), required=False, widget=_check())
    answer = forms.BooleanField(required=False, widget=forms.HiddenInput)
    q = forms.CharField(required=False, max_length=WORDS_MOST, widget=forms.HiddenInput)
    # Names a number that was looked up in this session; nothing of the number itself.
    caller = forms.SlugField(required=False, max_length=16, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        areas = list(Area.objects.without_polygons().filter(kind__in=(Area.Kind.STREET, Area.Kind.COMMUNITY)))
        streets = [area for area in areas if area.kind == Area.Kind.STREET]
        categories = list(Category.objects.all())
        self._choices(
            "status",
            _("Any status"),
            [("open", _("Open")), ("unresolved", _("Not resolved yet")), *Status.choices],
        )
        self._choices("street", _("All streets"), [(area.code, area.name) for area in streets])
        self._choices(
            "unit",
            _("All units"),
            [(unit.code, unit.name) for unit in OrgUnit.objects.exclude(kind="district")],
        )
        self._choices("category", _("All categories"), _by_domain(categories))
        self._choices("urgency", _("Any urgency"), list(Urgency.choices))
        domains = {one.domain_code: one.domain for one in categories}
        self._choices("domain", _("All domains"), sorted(domains.items()))
        self._choices("community", _("All communities"), _by_street(streets, areas))
        self._choices("source", _("All sources"), list(Source.choices))
        self._choices("level", _("Any level"), list(Level.choices))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("received_from"), cleaned.get("received_to")
        if first and last and last < first:
            self.add_error("received_to", forms.ValidationError(_("It ends before it begins."), "order"))
        return cleaned

    @property
    def wanted(self) -> dict[str, Any]:
        """What the address asks for, as far as it could be read; a filter that says nothing is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def unread(self) -> list[str]:
        """The labels of the filters that could not be read."""
        return [str(self.fields[name].label or name) for name in self.errors if name in self.fields]

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.MAIN]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.MORE]

    @property
    def more_count(self) -> int:
        """How many of the filters behind the word are set."""
        return sum(bool(self.wanted.get(name)) for name in (*self.MORE, "tag"))

    @property
    def set_count(self) -> int:
        """How many filters are set at all."""
        return sum(name not in ("q", "caller", "answer") for name in self.wanted)

    def _choices(self, name: str, every: Any, known: list[Any]) -> None:
        field = self.fields[name]
        field.widget = _select(field.label)
        field.choices = [("", every), *known]  # type: ignore[attr-defined]


def narrowed(found: QuerySet[Incident], wanted: dict[str, Any], at: datetime) -> QuerySet[Incident]:
    """The cases that the filters leave, but for words and callers."""
    if wanted.get("overdue"):
        found = found.filter(due_at__lt=at, status__in=OPEN_STATUSES)
    if wanted.get("supervised"):
        found = found.filter(pk__in=Supervision.objects.filter(ended_at__isnull=True).values("incident"))
    if wanted.get("status") == "open":
        found = found.filter(status__in=OPEN_STATUSES)
    elif wanted.get("status") == "unresolved":
        found = found.filter(status__in=OPEN_STATUSES).exclude(status=Status.RESOLVED)
    elif wanted.get("status"):
        found = found.filter(status=wanted["status"])
    for field, column in (
        ("street", "street_code"),
        ("community", "community_code"),
        ("unit", "owner_unit"),
        ("category", "category"),
        ("urgency", "urgency"),
        ("source", "source"),
        ("level", "level"),
    ):
        if wanted.get(field):
            found = found.filter(**{column: wanted[field]})
    if domain := wanted.get("domain"):
        # By the categories' codes, which the cases are indexed by, and not through a join.
        known = Category.objects.filter(domain_code=domain).values_list("code", flat=True)
        found = found.filter(category__in=list(known))
    if first := wanted.get("received_from"):
        found = found.filter(received_at__gte=datetime.combine(first, time(), tzinfo=DISTRICT_ZONE))
    if last := wanted.get("received_to"):
        after = datetime.combine(last + timedelta(days=1), time(), tzinfo=DISTRICT_ZONE)
        found = found.filter(received_at__lt=after)
    for name in wanted.get("tag", ()):
        found = found.filter(TAGS[name][1]())
    return found


def _by_domain(categories: list[Category]) -> list[tuple[str, list[tuple[str, str]]]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in categories:
        groups.setdefault(one.domain, []).append((one.code, one.name))
    return list(groups.items())


def _by_street(streets: list[Area], areas: list[Area]) -> list[tuple[str, list[tuple[str, str]]]]:
    groups: dict[str, list[tuple[str, str]]] = {area.code[:9]: [] for area in streets}
    for area in areas:
        if area.kind == Area.Kind.COMMUNITY and area.code[:9] in groups:
            groups[area.code[:9]].append((area.code, area.name))
    return [(area.name, groups[area.code[:9]]) for area in streets]
