"""The desk beside a text that is no ordinary report: danger, talk, two matters, and a model that is asked."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as conf
from django.urls import reverse

from dispatch.normalise.backends import chat
from incidents import actions, suggesting
from incidents.models import Incident, ModelSuggestion
from incidents.models.incident import Status
from tests.browsers import As
from tests.cast import LAMP_CATEGORY, LAMP_TEXT, TUESDAY, Person, file_report, reload
from tests.dispatch.backends.test_chat import GOOD, Server, saying, server  # noqa: F401
from tests.incidents.pages.conftest import SetClock

HX = {"HX-Request": "true"}
TWO = "路灯坏了三盏没人修,另外楼下餐馆油烟直接排到我家窗户"


def talk_case(text: str) -> Incident:
    return file_report(text=text, category=None, external_id=text, joins="", nature=None)


def page(browse: As, who: Person, case: Incident, **more: str) -> str:
    return browse(who).get(reverse("desk-case", args=[case.number]), more).content.decode()


def test_danger_names_its_words_and_whom_to_call_first(browse: As, operator: Person) -> None:
    case = file_report(text=f"{LAMP_TEXT},有人要跳楼", category=LAMP_CATEGORY)
    shown = page(browse, operator, case)
    assert 'data-alarm="' in shown
    assert "“跳楼”" in shown
    assert 'href="tel:110"' in shown
    assert "sheet-false-alarm" in shown
    rows = browse(operator).get(reverse("desk")).context["rows"]
    assert rows[0]["case"].pk == case.pk
    assert rows[0]["tag"][0] == "emergency"


def test_a_false_alarm_is_called_one_from_the_desk(browse: As, operator: Person) -> None:
    case = file_report(text=f"{LAMP_TEXT},有人要跳楼", category=LAMP_CATEGORY)
    where = reverse("case-act", args=[case.number, "false-alarm"])
    answer = browse(operator).post(
        where, {"reason": "是广告语", "from": "desk", "seen_version": case.version}
    )
    assert answer.status_code == 302
    assert reload(case).urgency == "routine"
    assert "sheet-false-alarm" not in page(browse, operator, case)


@pytest.mark.parametrize(("text", "ends"), [("测试一下", Status.REJECTED), ("谢谢你们", Status.CLOSED)])
def test_talk_waits_under_its_own_tab_and_ends_with_one_key(
    browse: As, operator: Person, text: str, ends: str
) -> None:
    case = talk_case(text)
    client = browse(operator)
    tab = client.get(reverse("desk"), {"tab": "talk"})
    assert [row["case"].pk for row in tab.context["rows"]] == [case.pk]
    assert 'data-key="z"' in page(browse, operator, case)
    answer = client.post(reverse("desk-talk", args=[case.number]), {"seen_version": case.version})
    assert answer.status_code == 302
    assert reload(case).status == ends
    client.post(reverse("desk-undo"), {"numbers": case.number})
    assert reload(case).status == Status.TRIAGE


def test_a_report_is_not_ended_as_talk(browse: As, operator: Person, desk_case: Incident) -> None:
    answer = browse(operator).post(reverse("desk-talk", args=[desk_case.number]))
    assert answer.status_code == 409
    assert reload(desk_case).status == Status.TRIAGE


def test_two_matters_are_split_by_one_press_each_with_its_words(browse: As, operator: Person) -> None:
    case = talk_case(TWO)
    client = browse(operator)
    shown = client.get(reverse("desk-case", args=[case.number]))
    first, second = shown.context["several"]
    assert "油烟" in second["words"]
    assert "路灯" in first["words"]
    client.post(
        reverse("desk-split", args=[case.number]), {"text": second["words"], "seen_version": case.version}
    )
    part = Incident.objects.get(split_from=case)
    assert part.text.body == second["words"]
    assert part.category_id == "0606"
    assert not client.get(reverse("desk-case", args=[part.number])).context["several"]
    # The first has its box no more, and its dialog offers what is left of it alone.
    left = client.get(reverse("desk-case", args=[case.number]))
    assert not left.context["several"]
    assert "油烟" not in "".join(left.context["clauses"])


def test_each_of_three_matters_has_a_button_and_a_part_with_several_its_own_box(
    browse: As, operator: Person
) -> None:
    case = talk_case("楼下烧烤店油烟扰民,另外小区门口路灯坏了三盏,还有下水道井盖松动")
    client = browse(operator)
    told = client.get(reverse("desk-case", args=[case.number])).context["several"]
    assert [part["words"] for part in told] == [
        "楼下烧烤店油烟扰民",
        "小区门口路灯坏了三盏",
        "下水道井盖松动",
    ]
    words = "小区门口路灯坏了三盏,还有下水道井盖松动"
    client.post(reverse("desk-split", args=[case.number]), {"text": words, "seen_version": case.version})
    part = Incident.objects.get(split_from=case)
    told = client.get(reverse("desk-case", args=[part.number])).context["several"]
    assert [part["words"] for part in told] == ["小区门口路灯坏了三盏", "下水道井盖松动"]


def test_without_a_model_nobody_is_offered_one(browse: As, operator: Person, desk_case: Incident) -> None:
    assert conf.CHAT_URL == ""
    assert "desk-model" not in page(browse, operator, desk_case)
    answer = browse(operator).post(reverse("desk-ask", args=[desk_case.number]), headers=HX)
    assert "desk-model" in answer.content.decode()
    assert not ModelSuggestion.objects.exists()


def test_the_model_is_asked_by_a_worker_and_its_word_is_shown_as_a_suggestion(
    browse: As,
    operator: Person,
    desk_case: Incident,
    server: Server,  # noqa: F811
    now: SetClock,
) -> None:
    def answer(told: dict[str, Any]) -> tuple[int, bytes]:
        import json

        codes = [one["code"] for one in json.loads(told["messages"][1]["content"])["categories"]]
        return 200, saying(
            {**GOOD, "category": codes[1], "matters": [codes[1]], "explanation": "像是邻里纠纷。"}
        )

    server.answer = answer
    client = browse(operator)
    assert 'data-key="q"' in page(browse, operator, desk_case)
    asked = client.post(reverse("desk-ask", args=[desk_case.number]), headers=HX)
    assert "hx-trigger" in asked.content.decode()
    assert server.asked == []  # nobody's page waits for the network
    again = client.post(reverse("desk-ask", args=[desk_case.number]), headers=HX)
    assert again.status_code == 200
    suggestion = ModelSuggestion.objects.get()  # who asks twice waits for the same one
    suggesting.fetch(suggestion.pk, at=now.at)
    shown = client.get(reverse("desk-ask", args=[desk_case.number]), headers=HX).content.decode()
    assert "像是邻里纠纷。" in shown
    assert "qwen-test" in shown
    assert "hx-trigger" not in shown
    suggestion.refresh_from_db()
    assert suggestion.taken is None
    assert reload(desk_case).category_id == desk_case.category_id  # it decides nothing
    client.post(
        reverse("desk-correct", args=[desk_case.number]),
        {"category": suggestion.category_code, "seen_version": reload(desk_case).version},
    )
    item = reload(desk_case).item_code
    actions.dispatch(
        number=desk_case.number,
        item_code=item,
        unit_code="lighting-company",
        actor=operator.actor,
        at=now.at,
    )
    suggestion.refresh_from_db()
    assert suggestion.taken is True
    line = desk_case.timeline.get(kind="model_suggested")
    assert (line.data["model"], line.data["category"]) == ("qwen-test", suggestion.category_code)


def test_a_model_that_fails_is_said_so_and_can_be_asked_again(
    browse: As,
    operator: Person,
    desk_case: Incident,
    server: Server,  # noqa: F811
    now: SetClock,
) -> None:
    server.answer = lambda asked: (500, b"")
    client = browse(operator)
    client.post(reverse("desk-ask", args=[desk_case.number]), headers=HX)
    suggesting.fetch(ModelSuggestion.objects.get().pk, at=now.at)
    assert ModelSuggestion.objects.get().failure == "http_500"
    client.post(reverse("desk-ask", args=[desk_case.number]), headers=HX)
    assert ModelSuggestion.objects.count() == 2
    # The second one's worker died: it is not waited for for ever.
    now.at += timedelta(minutes=2)
    shown = client.get(reverse("desk-ask", args=[desk_case.number]), headers=HX).content.decode()
    assert "hx-trigger" not in shown
    assert chat.endpoint() is not None


def test_the_page_of_alarms_is_for_supervisors_and_costs_the_same_however_many(
    browse: As, operator: Person, supervisor: Person, django_assert_max_num_queries: Any
) -> None:
    assert browse(operator).get(reverse("alarms")).status_code == 403
    client = browse(supervisor)
    assert client.get(reverse("alarms")).context["total"].alarms == 0
    for serial, words in enumerate(("有人要跳楼", "煤气味很重", "有人晕倒没有呼吸")):
        file_report(text=f"{LAMP_TEXT},{words}", category=LAMP_CATEGORY, external_id=f"a{serial}", joins="")
    shown = client.get(reverse("alarms"))
    assert shown.context["total"].alarms == 3
    assert len(shown.context["phrases"]) == 3
    assert Incident.objects.earliest("received_at").received_at >= TUESDAY
    with django_assert_max_num_queries(24):
        client.get(reverse("alarms"))
