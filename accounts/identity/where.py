"""From where somebody signs in: an address, and a device in words that people know."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from axes.helpers import get_client_ip_address
from django.http import HttpRequest

# The first that occurs names the program: each of them also says what the later ones say.
_PROGRAMS = (
    ("wxwork", "WeCom"),
    ("MicroMessenger", "WeChat"),
    ("DingTalk", "DingTalk"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("HuaweiBrowser", "Huawei Browser"),
    ("QQBrowser", "QQ Browser"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("OpenHarmony", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("UOS", "UOS"),
    ("Kylin", "Kylin"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Where:
    """Nothing of it is proof of anything: a browser says of itself what it likes."""

    address: str | None = None
    device: str = ""


def where_of(request: HttpRequest | None) -> Where:
    """Of a request; what did not come by one (a command) is nowhere."""
    if request is None:
        return Where()
    address = get_client_ip_address(request) if request.META.get("REMOTE_ADDR") else None
    return Where(address, device_words(request.headers.get("User-Agent", "")))


def device_words(agent: str) -> str:
    """Chrome · Windows; empty where the browser says nothing that is known."""
    program = next((name for mark, name in _PROGRAMS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return " · ".join(word for word in (program, system) if word)


def masked_address(address: str | None) -> str:
    """The network without the machine: 198.51.100.*; enough to see whether it is the office or elsewhere."""
    if not address:
        return ""
    try:
        known = ip_address(address)
    except ValueError:
        return ""
    if isinstance(known, IPv6Address):
        return ":".join(known.exploded.split(":")[:3]) + ":*"
    return ".".join(str(known).split(".")[:3]) + ".*"
