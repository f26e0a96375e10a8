"""The demo's knowledge base: what callers ask most, written by the units and approved by the centre."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

from config.simulation.people import Staff
from incidents.knowledge import keeping
from incidents.models import Article
from incidents.numbers import district_day

# How long ago they were written.
_WRITTEN = timedelta(days=120)
# What people ask, with other ways to ask it ("|" between them) and the days from now until it ends.
_SHELF = Path(__file__).parent.parent / "data" / "demo_answers.csv"


def prepare_knowledge(*, at: datetime) -> None:
    """Write and approve the shelf once; one more wording waits for its review."""
    if Article.objects.exists():
        return
    staff, written_at, today = Staff(), at - _WRITTEN, district_day(at)
    reviewer = staff.supervisor()
    with _SHELF.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        owner, ends = row["owner"], today + timedelta(days=int(row["days_left"]))
        questions = row["questions"].replace("|", "\n")
        wording = keeping.Wording(row["title"], row["answer"], ends, questions, row["basis"])
        edition = keeping.write_article(
            wording=wording, owner_unit=owner, actor=staff.handler(owner), at=written_at
        )
        keeping.review_article(
            pk=edition.article_id, number=edition.number, approved=True, actor=reviewer, at=written_at
        )
    ended = Article.objects.expired(today).select_related("current").get()
    assert ended.current is not None
    keeping.write_article(
        wording=keeping.Wording(
            ended.title,
            ended.current.answer.replace("带身份证、家庭人口和收入材料", "在“i深圳”提交家庭人口和收入材料"),
            today + timedelta(days=180),
            ended.current.questions,
            ended.current.basis,
        ),
        owner_unit=ended.owner_unit_id,
        pk=ended.pk,
        actor=staff.handler(ended.owner_unit_id),
        at=at,
    )
