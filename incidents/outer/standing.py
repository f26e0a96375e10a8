"""How the core stands with its outer zone, for the doctor and for metrics."""

from datetime import datetime

from incidents.models.outer import OuterArrival, OuterLink, OuterPushed


def as_seen_inside(*, now: datetime) -> dict[str, float]:
    """Seconds and counts, by the last answer from outside; `now` is the machine's clock."""
    link = OuterLink.objects.filter(pk=1).first() or OuterLink()
    oldest = (now - link.oldest_at).total_seconds() if link.waiting and link.oldest_at else 0.0
    return {
        "silent_seconds": (now - link.reached_at).total_seconds() if link.reached_at else -1.0,
        "waiting": float(link.waiting),
        "oldest_seconds": max(0.0, oldest),
        "set_aside": float(OuterArrival.objects.exclude(kept=b"").count()),
        "unpublished": float(OuterPushed.objects.filter(wanted_at__isnull=False).count()),
        "skew_seconds": link.skew,
    }


def last_problem() -> str:
    """Why the outer zone was not reached when that was tried last; empty where it was."""
    return OuterLink.objects.filter(pk=1).values_list("problem", flat=True).first() or ""


def last_problem_of_pages() -> str:
    """Why no pages could be brought there when that was tried last; empty where they were."""
    return OuterLink.objects.filter(pk=1).values_list("pages_problem", flat=True).first() or ""


def left_out(most: int = 5) -> list[str]:
    """Pages that are not outside, each with the word that says why."""
    rows = OuterPushed.objects.exclude(problem="").order_by("key")
    return [f"{key} ({problem})" for key, problem in rows.values_list("key", "problem")[:most]]
