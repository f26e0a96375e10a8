"""WGS-84, GCJ-02 and BD-09: published points, and there and back again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grids import coordinates

IN_CHINA = (st.floats(73.5, 135.0), st.floats(4.0, 53.5))


def test_gcj02_of_a_published_point():
    # the worked example of the open-source coordtransform library
    assert coordinates.wgs84_to_gcj02(116.404, 39.915) == pytest.approx(
        (116.41024449916938, 39.91640428150164), abs=1e-9
    )


def test_bd09_of_a_published_point():
    assert coordinates.gcj02_to_bd09(116.404, 39.915) == pytest.approx(
        (116.41036949371029, 39.92133699351021), abs=1e-9
    )


def test_the_ways_back_agree_with_the_published_approximations():
    # those stop after one step, and are good to about a metre
    assert coordinates.gcj02_to_wgs84(116.404, 39.915) == pytest.approx(
        (116.39775550083061, 39.91359571849836), abs=1e-5
    )
    assert coordinates.bd09_to_gcj02(116.404, 39.915) == pytest.approx(
        (116.39762729119315, 39.90865673957631), abs=1e-5
    )


@pytest.mark.parametrize("system", coordinates.SYSTEMS)
@given(lon=IN_CHINA[0], lat=IN_CHINA[1])
def test_a_round_trip_errs_by_less_than_a_millionth_of_a_degree(system: str, lon: float, lat: float):
    there = coordinates.from_wgs84(lon, lat, system)
    assert coordinates.to_wgs84(*there, system) == pytest.approx((lon, lat), abs=1e-6)


def test_nothing_is_shifted_outside_china():
    assert coordinates.wgs84_to_gcj02(-0.1278, 51.5074) == (-0.1278, 51.5074)
    assert coordinates.gcj02_to_wgs84(-0.1278, 51.5074) == (-0.1278, 51.5074)


def test_an_unknown_system_is_an_error():
    with pytest.raises(KeyError):
        coordinates.to_wgs84(114.1, 22.6, "EPSG:3857")
