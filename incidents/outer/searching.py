"""Public cases out here: filtered in memory, since there are no tables of cases to ask."""

from datetime import datetime

from incidents.outer import pages
from incidents.public.open_facts import CasePage, CasesQuestion, PublicCase


def page_of(question: CasesQuestion, *, at: datetime) -> CasePage:
    """The page of published cases that a question asks for, as incidents.public.open_cases answers it. By
    distance and by change only Open311 asks, which is not served here."""
    found = [case for case in pages.cases(at=at) if _is_asked(case, question)]
    first = (question.page - 1) * question.page_size
    page = found[first : first + question.page_size]
    return CasePage(tuple(page), len(found) > first + len(page))


def _is_asked(case: PublicCase, question: CasesQuestion) -> bool:
    if question.numbers:
        return case.number in question.numbers
    words = question.words.casefold()
    return (
        (question.is_open is None or case.is_open == question.is_open)
        and (question.since is None or case.received_at >= question.since)
        and (question.until is None or case.received_at <= question.until)
        and (not question.groups or case.category[:2] in question.groups)
        and (not question.categories or case.category in question.categories)
        # A community's code begins with nine digits of its street's.
        and (not question.street or case.area[:9] == question.street[:9])
        and (not words or any(words in told.casefold() for told in _told(case)))
    )


def _told(case: PublicCase) -> tuple[str, ...]:
    return (case.words, case.category_name, case.group, case.street, case.community)
