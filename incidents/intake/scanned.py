"""Reports that came of a printed code, counted as they come in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from dispatch.vocabulary import Source
from grids import coding
from incidents.intake.filing import Filing

# What a report says in its attributes: the code on the plate that was scanned.
ATTRIBUTE: Final = "place_code"
# Ours, where somebody stood before the plate; what other systems write there is theirs.
_OURS: Final = (Source.RESIDENT_FORM, Source.PATROL)


def count_scanned(items: Sequence[Filing], *, at: datetime) -> None:
    """One more for each; no query where none was. Last in the transaction and in the codes' order: a day's
    row is held for as short as can be, and two batches never wait for each other."""
    codes = [
        str(item.draft.attributes[ATTRIBUTE])
        for item in items
        if item.draft.source in _OURS and item.draft.attributes.get(ATTRIBUTE)
    ]
    for code in sorted(codes):
        coding.count_use(code=code, at=at, reports=1)
