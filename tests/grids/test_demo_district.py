"""The demo district as it is loaded."""

import pytest
from django.core.management import call_command
from django.utils.translation import override

from accounts.models import OrgUnit
from grids.models import Area, Jurisdiction

pytestmark = pytest.mark.django_db


def test_everything_is_there():
    assert OrgUnit.objects.count() == 295
    kinds = {kind: Area.objects.of_kind(kind).count() for kind in ("street", "community", "cell")}
    assert kinds == {"street": 11, "community": 111, "cell": 2917}


def test_loading_again_changes_nothing():
    before = set(Area.objects.values_list("code", "name_zh", "parent_id"))
    keepers = Jurisdiction.objects.count()
    call_command("load_units", verbosity=0)
    call_command("load_areas", verbosity=0)
    assert set(Area.objects.values_list("code", "name_zh", "parent_id")) == before
    assert Jurisdiction.objects.count() == keepers


def test_everything_in_a_street_is_one_prefix():
    inside = Area.objects.within("440307003000")
    assert inside.streets().count() == 1
    assert set(inside.communities().values_list("parent_id", flat=True)) == {"440307003000"}
    assert Area.objects.within("440307000000").count() == Area.objects.count()
    assert Area.objects.within("440307003002001").count() == 1


def test_a_cell_is_kept_by_its_station_its_street_and_the_district():
    keepers = Jurisdiction.objects.keepers_of("440307003002001").values_list("unit_id", flat=True)
    assert {"pinghu", "pinghu/c002", "pinghu/enforcement", "district"} <= set(keepers)
    assert "bantian" not in keepers


def test_names_follow_the_reader():
    area = Area.objects.get(code="440307003002")
    cell = Area.objects.get(code="440307003002001")
    with override("zh-hans"):
        assert (area.name, cell.name) == ("良安田社区", "良安田社区001网格")
    with override("en"):
        assert (area.name, cell.name) == ("Liang'antian Community", "Cell 001 of Liang'antian Community")
