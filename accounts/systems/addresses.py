"""From where a token may be used: networks in CIDR notation, as they are typed and as they are compared."""

import re
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.utils.translation import gettext as _

MOST = 50
Network = IPv4Network | IPv6Network


class NotANetwork(ValueError):
    """What was typed is no network, or all of them; the words say so."""


def read(typed: str) -> list[str]:
    """The networks that somebody typed, one a line or with commas between, each in its one spelling.

    Raises NotANetwork.
    """
    found: list[str] = []
    for word in re.split(r"[\s,;，；、]+", typed.strip()):
        if not word:
            continue
        try:
            network = ip_network(word, strict=False)
        except ValueError:
            raise NotANetwork(
                _("“%(word)s” is no address and no network. Write 10.1.2.3 or 10.1.2.0/24.")
                % {"word": word[:60]}
            ) from None
        if network.prefixlen == 0:
            raise NotANetwork(
                _("“%(word)s” is every address there is: leave the field empty.") % {"word": word}
            )
        found.append(str(network))
    found = list(dict.fromkeys(found))
    if len(found) > MOST:
        raise NotANetwork(_("At most %(most)d networks.") % {"most": MOST})
    return found


def is_within(address: str, networks: list[str]) -> bool:
    """Does the address lie in one of them? Where there is none, every address does; what is no address lies
    in none."""
    if not networks:
        return True
    try:
        known = ip_address(address)
    except ValueError:
        return False
    if isinstance(known, IPv6Address) and known.ipv4_mapped is not None:
        known = known.ipv4_mapped
    return any(known in network for network in _networks(tuple(networks)))


@lru_cache(maxsize=512)
def _networks(told: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(one) for one in told)
