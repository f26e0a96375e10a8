"""Items against each other: equal claims, items that never win, words that lead elsewhere."""

from dispatch.lint import NOTE, WARNING
from tests.dispatch.lint.rows import REST, findings, found, only
from tests.dispatch.rows import item


def test_the_same_word_in_two_units_items_is_an_overlap() -> None:
    rows = [item("0101-001", "roads", words="坑洞 塌陷"), item("0101-002", "parks", words="坑洞"), REST]
    overlap = only("overlap", rows)
    assert (overlap.items, overlap.severity) == (("0101-001", "0101-002"), WARNING)
    assert (overlap.params["words"], overlap.params["units"]) == (["坑洞"], ["roads", "parks"])


def test_one_unit_does_not_overlap_with_itself() -> None:
    rows = [item("0101-001", "roads", words="坑洞 塌陷"), item("0101-002", "roads", words="坑洞 裂缝"), REST]
    assert found("overlap", rows) == []


def test_two_patterns_of_one_unit_do_not_overlap_there() -> None:
    rows = [item("0101-001", "@owner", owners="water"), item("0101-002", "water", owners="water"), REST]
    assert found("overlap", rows) == []


def test_an_overlap_may_need_a_place_and_an_hour() -> None:
    rows = [
        item("0101-001", "roads", places="park", hours="22:00-06:00"),
        item("0101-002", "parks", places="park school", hours="05:00-09:00"),
        REST,
    ]
    overlap = only("overlap", rows)
    assert (overlap.params["place_type"], overlap.params["time"]) == ("park", "05:00")


def test_different_words_of_one_length_are_no_overlap() -> None:
    rows = [item("0101-001", "roads", words="坑洞"), item("0101-002", "parks", words="草坪"), REST]
    assert findings(rows) == []


def test_two_words_inside_a_third_are() -> None:
    rows = [
        item("0101-001", "roads", words="坑洞"),
        item("0101-002", "parks", words="草坪"),
        item("0101-003", "water", words="草坪坑洞", places="market"),
        REST,
    ]
    assert only("overlap", rows).params["words"] == ["草坪坑洞"]


def test_a_duplicate_can_never_win() -> None:
    rows = [item("0101-001", "roads", words="坑洞"), item("0101-002", "roads", words="坑洞"), REST]
    idle = only("words_idle", rows)
    assert (idle.items, idle.params["by"]) == (("0101-002",), ["0101-001"])


def test_an_emergency_that_asks_no_more_shadows_its_sibling() -> None:
    rows = [
        item("0101-001", "roads", places="park market", urgency="emergency"),
        item("0101-002", "parks", places="park"),
        REST,
    ]
    shadowed = only("shadowed", rows)
    assert (shadowed.items, shadowed.params["by"]) == (("0101-002",), ["0101-001"])


def test_items_that_together_leave_nothing_shadow_the_general_one() -> None:
    doors = ["hotline", "resident_form patrol", "letter_visit city_app", "sensor ai_video council"]
    rows = [item(f"0101-00{at}", "roads", sources=door) for at, door in enumerate(doors)]
    assert only("shadowed", [*rows, REST]).items == ("0101-999",)
    assert found("shadowed", [*rows[1:], REST]) == []


def test_a_word_that_always_goes_to_a_sibling_is_lost() -> None:
    rows = [
        item("0101-001", "roads", words="洗澡触电 热水器"),
        item("0101-002", "water", words="触电", urgency="emergency"),
        REST,
    ]
    lost = only("words_lost", rows)
    assert lost.items == ("0101-002", "0101-001")
    assert (lost.params["words"], lost.params["by"]) == (["洗澡触电"], ["触电"])


def test_a_short_word_with_a_place_overrules_the_longer_one() -> None:
    rows = [
        item("0101-001", "roads", words="建筑垃圾"),
        item("0101-002", "parks", words="垃圾", places="park"),
        REST,
    ]
    overruled = only("words_overruled", rows)
    assert (overruled.items, overruled.severity) == (("0101-002", "0101-001"), WARNING)
    assert (overruled.params["words"], overruled.params["by"]) == (["建筑垃圾"], ["垃圾"])


def test_the_same_word_with_a_place_is_how_lists_tell_places_apart() -> None:
    rows = [
        item("0101-001", "roads", words="垃圾"),
        item("0101-002", "parks", words="垃圾", places="park"),
        REST,
    ]
    shared = only("words_shared", rows)
    assert (shared.items, shared.severity) == (("0101-002", "0101-001"), NOTE)


def test_words_of_one_units_items_do_not_matter() -> None:
    rows = [
        item("0101-001", "roads", words="建筑垃圾"),
        item("0101-002", "roads", words="垃圾", places="park"),
        REST,
    ]
    assert findings(rows) == []


def test_words_of_other_categories_are_noted() -> None:
    rows = [
        item("0101-001", "roads", words="垃圾 坑洞"),
        item("0102-001", "parks", words="垃圾 草坪", category="0102"),
        item("0102-002", "parks", category="0102"),
        REST,
    ]
    told = found("words_elsewhere", rows)
    assert [(finding.category, finding.items, finding.params["words"]) for finding in told] == [
        ("0101", ("0101-001",), ["垃圾"]),
        ("0102", ("0102-001",), ["垃圾"]),
    ]


def test_what_a_finding_tells_is_bounded() -> None:
    words = " ".join(f"词{number:02}" for number in range(30))
    rows = [item("0101-001", "roads", words=words), item("0101-002", "parks", words=words), REST]
    overlap = only("overlap", rows)
    assert (len(overlap.params["words"]), overlap.params["word_count"]) == (8, 30)
