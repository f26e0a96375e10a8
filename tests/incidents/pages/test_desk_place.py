"""Both places on the desk, and choosing one."""

import pytest
from django.urls import reverse
from django.utils import timezone

from grids.locate import locate
from grids.models import Area
from incidents.intake import ReportDraft, receive_one
from incidents.models import Incident
from incidents.pages.place_choices import place_told

pytestmark = pytest.mark.django_db


@pytest.fixture
def torn() -> Incident:
    """A case whose words name 五和社区 and whose point lies in 良安田社区."""
    here = Area.objects.get(kind="community", name_zh="良安田社区")
    receipt = receive_one(
        ReportDraft(
            source="hotline",
            external_id="torn-1",
            text="坂田街道五和社区这边流动摊贩占道卖水果，人行道走不了",
            category="0105",
            place=locate(lon=here.lon, lat=here.lat),
        ),
        at=timezone.now(),
    )
    return Incident.objects.get(pk=receipt.incident.pk)  # type: ignore[union-attr]


def test_the_desk_and_the_case_show_both_and_the_chosen_one_counts(client, operator, torn: Incident):
    client.force_login(operator.user)
    for name in ("desk-case", "case"):
        page = client.get(
            reverse(name, args=[torn.number]), headers={"accept-language": "zh-hans"}
        ).content.decode()
        note = page[
            page.index('id="two-places-title"') : page.index("</section>", page.index("two-places-title"))
        ]
        assert "五和社区" in note
        assert "良安田" in note
    wuhe = Area.objects.get(kind="community", name_zh="五和社区")
    told = {"place": wuhe.code, "seen_version": torn.version}
    answer = client.post(reverse("desk-place", args=[torn.number]), told, follow=True)
    torn.refresh_from_db()
    assert (torn.community_code, torn.lon) == (wuhe.code, None)
    assert "two-places-title" not in answer.content.decode()
    # The same button again, from a page that is old by now.
    again = client.post(reverse("desk-place", args=[torn.number]), told)
    assert again.status_code == 409


@pytest.mark.parametrize(
    ("told", "status"),
    [({}, 400), ({"where": "某某花园"}, 400), ({"place": "4403"}, 400), ({"place": "keep"}, 302)],
)
def test_what_is_no_place_is_refused_in_place(client, operator, torn: Incident, told: dict, status: int):
    client.force_login(operator.user)
    url = reverse("desk-place", args=[torn.number])
    page = client.post(url, told)
    assert page.status_code == status
    if status == 302:
        return
    # Without a script the sheet is the page, and with one it opens again; what was written is still there.
    over_the_desk = client.post(url, told, headers={"HX-Request": "true"})
    assert over_the_desk.status_code == 400
    assert "data-opens" in over_the_desk.content.decode()
    for answer in (page, over_the_desk):
        assert 'id="place-wrong"' in answer.content.decode()
        assert told.get("where", "") in answer.content.decode()
        assert answer.context.get("refused") is None


def test_rest_sets_it_too(client, operator, torn: Incident):
    client.force_login(operator.user)
    address = f"/api/v1/incidents/{torn.number}/set-place/"
    wrong = client.post(address, {"location": {"facility": "NO-SUCH"}}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, "unknown_facility")
    told = {"location": {"address": "坂田街道五和社区永香路8号"}}
    right = client.post(address, told, content_type="application/json")
    assert right.status_code == 200
    torn.refresh_from_db()
    assert (torn.street_code, torn.address) == ("440307013000", "坂田街道五和社区永香路8号")


@pytest.mark.parametrize(
    ("told", "how"),
    [
        ("114.2605, 22.7649", "point"),
        ("440307003002", "area"),
        ("五和社区", "address"),
        ("坂田街道永香路", "address"),
    ],
)
def test_a_place_is_understood_as_it_is_written(told: str, how: str):
    assert place_told(told).how == how
