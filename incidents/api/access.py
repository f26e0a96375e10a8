"""Which rows are there for whoever asks. Everything else answers 404, as if it were not there."""

from django.db.models import Exists, OuterRef, QuerySet
from rest_framework.request import Request

from accounts.models import ApiClient, User
from incidents import policy
from incidents.models import Incident, IncidentReport, Report
from incidents.models.incident import IncidentQuerySet


def visible_incidents(asking: ApiClient | User) -> IncidentQuerySet:
    """A token sees the cases that its own reports became; a person what their roles reach.

    Of a token's cases `own_words` says whether the case's text is that of a report of its own.
    """
    if isinstance(asking, ApiClient):
        own = IncidentReport.objects.filter(
            policy.own_reports(asking, "report__"), incident=OuterRef("pk"), unlinked_at__isnull=True
        )
        said = own.filter(report__text=OuterRef("text"))
        return Incident.objects.filter(Exists(own)).annotate(own_words=Exists(said))
    return Incident.objects.filter(policy.visible(asking))


def visible_reports(asking: ApiClient | User) -> QuerySet[Report]:
    """A token sees its own reports; a person those of the cases that they see."""
    if isinstance(asking, ApiClient):
        return Report.objects.filter(policy.own_reports(asking))
    cases = Incident.objects.filter(policy.visible(asking)).values("pk")
    links = IncidentReport.objects.filter(report=OuterRef("pk"), unlinked_at__isnull=True, incident__in=cases)
    return Report.objects.filter(Exists(links))


def asking_of(request: Request) -> ApiClient | User:
    """Who asks, after the permissions have let them in."""
    asking: object = request.user  # an ApiClient too, which the stubs do not know
    assert isinstance(asking, (ApiClient, User))
    return asking
