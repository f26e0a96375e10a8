"""The console twin of every channel: a newcomer sees what would have been sent, and nobody's number."""

import logging

from incidents.transports.letter import Letter

log = logging.getLogger("outbox")


class ConsoleTransport:
    """Says that a letter would have gone out, by codes and ids alone."""

    def send(self, letter: Letter) -> None:
        log.info("%s: %s, %d characters, %s", letter.channel, letter.kind, len(letter.body), letter.key)
