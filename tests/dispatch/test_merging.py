"""Taking over what went live meanwhile, against a reading of it field by field."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dispatch.item_rules import FIELDS
from dispatch.merging import merge
from tests.drawing import examples

Items = dict[str, dict[str, Any]]


def item(level: str, limit: str) -> dict[str, Any]:
    return {**dict.fromkeys(FIELDS, ""), "level": level, "handle_limit": limit}


items = st.dictionaries(
    st.sampled_from("abc"),
    st.builds(item, st.sampled_from("ABC"), st.sampled_from(["1h", "2h", "3h"])),
    max_size=3,
)


@examples(400)
@given(base=items, mine=items, theirs=items)
def test_each_side_keeps_what_it_alone_changed(base: Items, mine: Items, theirs: Items) -> None:
    told = merge(base, mine, theirs)
    merged = {**mine, **told.taken}
    for code in told.gone:
        del merged[code]
    clashing = {clash.code: clash for clash in told.clashes}
    for code in {*base, *mine, *theirs}:
        before, own, after, now = base.get(code), mine.get(code), theirs.get(code), merged.get(code)
        if own == before:
            assert now == after  # the draft had not touched it
        elif after == before:
            assert now == own  # nobody else had
        elif own == after:
            assert now == own
            assert code not in clashing
        elif before is None or own is None or after is None:
            assert now == own
            assert clashing[code].fields == ()
        else:
            assert now is not None
            for name in FIELDS:
                both = before[name] not in (own[name], after[name]) and own[name] != after[name]
                assert now[name] == (after[name] if own[name] == before[name] else own[name])
                assert (name in clashing[code].fields if code in clashing else False) == both


def test_what_was_taken_over_once_is_not_taken_over_again() -> None:
    base, theirs = {"a": item("A", "1h")}, {"a": item("A", "2h"), "b": item("B", "1h")}
    told = merge(base, base, theirs)
    assert set(told.taken) == {"a", "b"}
    caught_up = {**base, **told.taken}
    assert merge(theirs, caught_up, theirs) == merge({}, {}, {})
