"""Where a stranger's address may lead: not into this network, unless somebody said so.

A name is looked up once, every address behind it is judged, and the connection goes to an address that was
judged: a name that answers otherwise a moment later leads nowhere else.
"""

import ipaddress
import socket
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from typing import Final
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# IPv6 addresses that a gateway turns into an IPv4 one: the last four bytes.
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
# Global by the register, and yet nobody's server: what clouds answer their own machines at, and the like.
_NEVER: Final = tuple(ipaddress.ip_network(one) for one in ("168.63.129.16/32", "100.100.100.200/32"))
# Where other services listen, not the web: nobody's webhook is there, and bytes of ours could be taken for
# words of theirs. Below 1024 only the web's own two ports are taken.
_OF_OTHERS: Final = frozenset(
    {1433, 1521, 1883, 2049, 2375, 2379, 3306, 3389, 4369, 5060, 5432, 5672, 5900, 6000, 6379, 6432, 9042}
    | {10250, 11211, 27017}
)
# The system's resolver has no time-out of its own.
_RESOLVING: Final = ThreadPoolExecutor(8, thread_name_prefix="resolving")


class NotReachable(Exception):
    """The address leads into a network that nothing is sent to. The words hold no address."""


def networks(told: Collection[str]) -> tuple[Network, ...]:
    """Networks as settings name them; raises ValueError for what is none."""
    return tuple(ipaddress.ip_network(one) for one in told)


def checked(
    host: str, port: int, allowed: Collection[Network], *, seconds: float, plain: bool = False
) -> str:
    """One address of `host`, after all of them were judged, and its port. What goes `plain`, without TLS,
    stays in the networks that somebody allowed. Raises NotReachable, and OSError where nothing has that
    name."""
    found = _resolved(host, port, seconds)
    if not found:
        raise OSError("no such name")
    for address in found:
        if not may_be_reached(address, allowed):
            raise NotReachable("the address lies in a network that nothing is sent to")
    if plain and not all(is_in(address, allowed) for address in found):
        raise NotReachable("plain http goes nowhere but to networks that were allowed")
    if is_of_others(port):
        raise NotReachable("the port is another service's")
    return str(found[0])


def may_be_reached(address: Address, allowed: Collection[Network]) -> bool:
    """Is this a public address, in whichever spelling, or one of a network that somebody allowed?"""
    told = list(_meant(address))
    if any(one in network for one in told for network in _NEVER):
        return False
    return all(_is_public(one) or any(one in network for network in allowed) for one in told)


def is_in(address: Address, allowed: Collection[Network]) -> bool:
    """Does it lie in one of these networks?"""
    return any(address in network for network in allowed)


def is_of_others(port: int) -> bool:
    """Does something else than the web listen at this port by custom?"""
    return (port < 1024 and port not in (80, 443)) or port in _OF_OTHERS


def says_plain(url: str, allowed: Collection[Network]) -> bool:
    """Does the address itself say that it goes without TLS to where nobody allowed that? Names are looked up
    when something is sent."""
    if urlsplit(url).scheme != "http":
        return False
    address = _said(urlsplit(url).hostname or "")
    return not allowed if address is None else not is_in(address, allowed)


def says_private(url: str, allowed: Collection[Network]) -> bool:
    """Does the address itself say that it leads nowhere? Names are looked up when something is sent."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return not allowed
    address = _said(host)
    return address is not None and not may_be_reached(address, allowed)


def _said(host: str) -> Address | None:
    """The address that a host is in so many figures; None for a name."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:  # 2130706433, 0x7f.1 and 127.1 are addresses to the system, too
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return None


def _resolved(host: str, port: int, seconds: float) -> Sequence[Address]:
    asked = _RESOLVING.submit(socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM)
    try:
        answers = asked.result(timeout=seconds)
    except LateError as error:
        raise TimeoutError from error
    except UnicodeError as error:  # a label that no name can have
        raise OSError("no such name") from error
    return [ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_how, place in answers]


def _meant(address: Address) -> Iterator[Address]:
    """The address, and those that it stands for."""
    yield address
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _NAT64 or address in _IPV4_COMPATIBLE:
        yield ipaddress.IPv4Address(address.packed[-4:])


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped or address in _NAT64):
        return True  # what it stands for is judged
    return address.is_global and not address.is_multicast and not address.is_reserved
