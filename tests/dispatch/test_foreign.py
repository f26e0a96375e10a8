"""What is written in another language: nothing is guessed from words that the reader has never seen."""

import pytest
from django.utils import translation

from dispatch.edition import edition
from dispatch.explain import Explainer
from dispatch.facts import TRIAGE, place_facts
from dispatch.normalise.folding import folded, is_foreign
from dispatch.service import Decision, decide
from grids.locate import locate
from tests.cast import LAMP_CATEGORY, LAMP_POINT, TUESDAY

pytestmark = pytest.mark.django_db


def decided(text: str, **given: object) -> Decision:
    place = place_facts(locate(lon=LAMP_POINT[0], lat=LAMP_POINT[1]))
    return decide(text=text, source="resident_form", at=TUESDAY, place=place, **given)


@pytest.mark.parametrize(
    "text",
    [
        "The glass of the bus shelter is broken",
        "street lamp out since Monday at 龙翔大道",
        "Karaoke next door every night until three",
        "Мусор не вывозят третий день",
    ],
)
def test_other_languages_lead_to_a_person_with_no_guess_and_no_alarm(text: str) -> None:
    assert is_foreign(folded(text))
    decision = decided(text)
    assert (decision.outcome, decision.category, decision.item, decision.urgency) == (
        TRIAGE, None, None, "routine",
    )  # fmt: skip
    assert decision.facts.categories == decision.facts.units == ()
    assert "no_match" in decision.triage_codes
    assert "words_foreign" in [reason.code for reason in decision.reasons]
    assert decision.facts.talk is None


@pytest.mark.parametrize(
    "text",
    [
        "楼下KTV半夜还在唱歌",
        "BYD充电桩坏了",
        "wifi信号不好",
        "粤B12345乱停车",
        "PM2.5",
        "ok",
        "路灯不亮 lamp post out",
    ],
)
def test_a_word_or_two_of_latin_letters_is_no_other_language(text: str) -> None:
    assert not is_foreign(folded(text))


def test_danger_in_english_is_heard_all_the_same() -> None:
    decision = decided("I smell gas in the stairwell, please come")
    assert decision.urgency == "emergency"
    assert (decision.outcome, "emergency" in decision.triage_codes) == (TRIAGE, True)
    assert decision.facts.categories == ()


def test_a_category_that_somebody_chose_stands() -> None:
    assert decided("The street lamp is out again", category=LAMP_CATEGORY).category == LAMP_CATEGORY


def test_the_desk_says_why_there_is_no_guess() -> None:
    decision = decided("Somebody dumped furniture here")
    reason = next(one for one in decision.reasons if one.code == "words_foreign")
    with translation.override("en"):
        assert "nothing was guessed" in Explainer(edition().names).sentence(reason)


@pytest.mark.parametrize(
    "text",
    [
        "路灯坏了 https://weibo.com/status/abcdEFghIJ",
        "[SZLG-HOTLINE-REF] 路灯坏",
        "路灯坏了，回复 somebody.long@example.com",
    ],
)
def test_links_addresses_and_the_numbers_of_tickets_are_no_words(text: str) -> None:
    assert not is_foreign(folded(text))
