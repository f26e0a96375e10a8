"""A case to take away: a page laid out for the printer, and a PDF."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from config import clock
from incidents.pages.access import READING_ROLES, case_or_404, person, staff
from incidents.papers import draw, paper_of


@require_GET
@staff(*READING_ROLES)
def printed(request: HttpRequest, number: str) -> HttpResponse:
    """The case as a printer shall have it; the browser prints it."""
    paper = paper_of(case_or_404(request, number), person(request), at=clock.now())
    return render(request, "incidents/paper.html", {"paper": paper})


@require_GET
@staff(*READING_ROLES)
def pdf(request: HttpRequest, number: str) -> HttpResponse:
    """The same as a file."""
    paper = paper_of(case_or_404(request, number), person(request), at=clock.now())
    response = HttpResponse(draw(paper), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{paper.number}.pdf"'
    return response
