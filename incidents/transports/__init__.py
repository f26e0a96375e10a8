"""What carries letters out of the house: for each channel a real one and a console twin."""

from incidents.transports.choice import Transports, configured
from incidents.transports.console import ConsoleTransport
from incidents.transports.letter import Enclosure, Letter, Transport, TransportError

__all__ = [
    "ConsoleTransport",
    "Enclosure",
    "Letter",
    "Transport",
    "TransportError",
    "Transports",
    "configured",
]
