"""Degrees in the three coordinate systems that Chinese devices speak.

Everything is stored in WGS-84. Phones and map services in China answer in GCJ-02, which shifts a
point by some hundred metres in a fixed, unpublished pattern whose open reimplementation agrees to
within a metre; Baidu's BD-09 shifts GCJ-02 once more. The way back has no formula, so it is found by
iterating the way there until it closes (a round trip errs by less than 1e-9 degrees).
"""

from math import atan2, cos, pi, sin, sqrt
from typing import Final

WGS84: Final = "WGS-84"
GCJ02: Final = "GCJ-02"
BD09: Final = "BD-09"
SYSTEMS: Final = (WGS84, GCJ02, BD09)

# The Krasovsky 1940 ellipsoid that GCJ-02 is defined on: semi-major axis in metres, and e squared.
_AXIS: Final = 6_378_245.0
_ECCENTRICITY: Final = 0.006_693_421_622_965_943
_BAIDU: Final = pi * 3000.0 / 180.0
# GCJ-02 shifts points in this rectangle only.
_CHINA: Final = (72.004, 0.8293, 137.8347, 55.8271)


def in_china(lon: float, lat: float) -> bool:
    """Is the point in the rectangle that GCJ-02 shifts?"""
    west, south, east, north = _CHINA
    return west <= lon <= east and south <= lat <= north


def _waves(value: float, *, first: float, second: float) -> float:
    """The shift's short waves along one axis, then its two long ones of the given amplitudes."""
    return (20.0 * sin(value * pi) + 40.0 * sin(value / 3.0 * pi)) * 2.0 / 3.0 + (
        first * sin(value / 12.0 * pi) + second * sin(value / 30.0 * pi)
    ) * 2.0 / 3.0


def _shift(lon: float, lat: float) -> tuple[float, float]:
    """By how many degrees GCJ-02 moves a point of WGS-84."""
    x, y = lon - 105.0, lat - 35.0
    ripple = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    root = sqrt(abs(x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north += _waves(y, first=160.0, second=320.0)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east += _waves(x, first=150.0, second=300.0)
    radians = lat * pi / 180.0
    curve = 1.0 - _ECCENTRICITY * sin(radians) ** 2
    degree_north = _AXIS * (1.0 - _ECCENTRICITY) / (curve * sqrt(curve)) * pi / 180.0
    degree_east = _AXIS / sqrt(curve) * cos(radians) * pi / 180.0
    return east / degree_east, north / degree_north


def wgs84_to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """GCJ-02 degrees of a WGS-84 point; outside China the two are the same."""
    if not in_china(lon, lat):
        return lon, lat
    east, north = _shift(lon, lat)
    return lon + east, lat + north


def gcj02_to_wgs84(lon: float, lat: float) -> tuple[float, float]:
    """WGS-84 degrees of a GCJ-02 point."""
    if not in_china(lon, lat):
        return lon, lat
    guess_lon, guess_lat = lon, lat
    for _round in range(12):
        there_lon, there_lat = wgs84_to_gcj02(guess_lon, guess_lat)
        off_lon, off_lat = there_lon - lon, there_lat - lat
        guess_lon, guess_lat = guess_lon - off_lon, guess_lat - off_lat
        if abs(off_lon) < 1e-11 and abs(off_lat) < 1e-11:
            break
    return guess_lon, guess_lat


def gcj02_to_bd09(lon: float, lat: float) -> tuple[float, float]:
    """BD-09 degrees of a GCJ-02 point."""
    radius = sqrt(lon * lon + lat * lat) + 0.000_02 * sin(lat * _BAIDU)
    angle = atan2(lat, lon) + 0.000_003 * cos(lon * _BAIDU)
    return radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006


def bd09_to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """GCJ-02 degrees of a BD-09 point."""
    guess_lon, guess_lat = lon - 0.0065, lat - 0.006
    for _round in range(12):
        there_lon, there_lat = gcj02_to_bd09(guess_lon, guess_lat)
        off_lon, off_lat = there_lon - lon, there_lat - lat
        guess_lon, guess_lat = guess_lon - off_lon, guess_lat - off_lat
        if abs(off_lon) < 1e-11 and abs(off_lat) < 1e-11:
            break
    return guess_lon, guess_lat


def to_wgs84(lon: float, lat: float, system: str) -> tuple[float, float]:
    """WGS-84 degrees of a point given in `system`; KeyError for a system we do not know."""
    if system == WGS84:
        return lon, lat
    if system == GCJ02:
        return gcj02_to_wgs84(lon, lat)
    if system == BD09:
        return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))
    raise KeyError(system)


def from_wgs84(lon: float, lat: float, system: str) -> tuple[float, float]:
    """The point in `system`; KeyError for a system we do not know."""
    if system == WGS84:
        return lon, lat
    if system == GCJ02:
        return wgs84_to_gcj02(lon, lat)
    if system == BD09:
        return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))
    raise KeyError(system)
