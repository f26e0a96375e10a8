"""Where maps may take pictures of streets from: a service by name, or any server of XYZ tiles.

Without one, maps are drawn from the district's own outlines, and no browser asks anybody else for anything.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

_TIANDITU = (
    "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}"
    "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
)
_GAODE = "https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}"
# Baidu's tiles are cut by a grid of their own, not by XYZ.
DATUMS = ("WGS-84", "GCJ-02")
_SLOTS = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class TileSource:
    """Tiles to lay under the outlines, the lowest first."""

    urls: tuple[str, ...]
    datum: str  # of the pictures; ours are WGS-84 degrees always
    credit: str
    subdomains: tuple[str, ...] = ()
    max_zoom: int = 18
    # Whom the page's security policy must let the browser ask for pictures.
    origins: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """What a page's maps have to know."""
        return {
            "urls": list(self.urls),
            "datum": self.datum,
            "credit": self.credit,
            "subdomains": list(self.subdomains),
            "max_zoom": self.max_zoom,
        }


def tile_source(
    name: str,
    *,
    key: str = "",
    datum: str = "",
    credit: str = "",
    subdomains: str = "",
    max_zoom: int = 18,
    secure: bool = False,
) -> TileSource | None:
    """The source that MAP_TILES names: "", "tianditu", "gaode", or addresses with {z}, {x} and {y}.

    Raises ImproperlyConfigured for what could only show grey squares, or places beside where they are.
    """
    if not name.strip():
        return None
    if name == "tianditu":
        if not key:
            raise ImproperlyConfigured(
                "MAP_TILES=tianditu needs MAP_TILES_KEY (a browser key, bound to your site)"
            )
        urls = tuple(_TIANDITU.format(layer=layer, key=key) for layer in ("vec", "cva"))
        datum, credit, subdomains = datum or "WGS-84", credit or "© 天地图", subdomains or "01234567"
    elif name == "gaode":
        urls = (_GAODE,)
        datum, credit, subdomains = datum or "GCJ-02", credit or "© 高德地图", subdomains or "1234"
    else:
        urls = tuple(url.replace("{key}", key) for url in name.split())
        if not credit:
            raise ImproperlyConfigured("MAP_TILES_CREDIT must say whose the map is")
        datum = datum or "WGS-84"
    if datum not in DATUMS:
        raise ImproperlyConfigured(f"MAP_TILES_DATUM is {datum!r}; it can be {' or '.join(DATUMS)}")
    if not 1 <= max_zoom <= 22:
        raise ImproperlyConfigured(f"MAP_TILES_MAX_ZOOM is {max_zoom}; it can be 1 to 22")
    return TileSource(
        urls=urls,
        datum=datum,
        credit=credit,
        subdomains=tuple(subdomains),
        max_zoom=max_zoom,
        origins=tuple(dict.fromkeys(origin for url in urls for origin in _origins(url, subdomains, secure))),
    )


def _origins(url: str, subdomains: str, secure: bool) -> list[str]:
    """The origins that an address with its subdomains stands for."""
    missing = [slot for slot in ("{z}", "{x}", "{y}") if slot not in url]
    if missing:
        raise ImproperlyConfigured(f"MAP_TILES: {url!r} lacks {', '.join(missing)}")
    unknown = set(_SLOTS.findall(url)) - {"{z}", "{x}", "{y}", "{s}", "{r}"}
    if unknown:
        raise ImproperlyConfigured(
            f"MAP_TILES: {url!r} has {', '.join(sorted(unknown))}, which nothing fills"
        )
    if "{s}" in url and not subdomains:
        raise ImproperlyConfigured(
            "MAP_TILES has {s}: name the subdomains in MAP_TILES_SUBDOMAINS, as in abc"
        )
    origins = []
    for subdomain in subdomains if "{s}" in url else [""]:
        parts = urlsplit(_SLOTS.sub("0", url.replace("{s}", subdomain)))
        # The host goes into a header: nothing but a host may.
        if parts.scheme not in ("http", "https") or not re.fullmatch(r"[A-Za-z0-9.\-]+(:\d+)?", parts.netloc):
            raise ImproperlyConfigured(f"MAP_TILES: {url!r} is not the address of a web server")
        if secure and parts.scheme != "https":
            raise ImproperlyConfigured("MAP_TILES must be https where the site is: browsers refuse the rest")
        origins.append(f"{parts.scheme}://{parts.netloc}")
    return origins
