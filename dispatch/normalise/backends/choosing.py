"""Which reader this installation uses."""

import logging
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from dispatch.normalise.backends.interface import Reader, SecondReader
from dispatch.normalise.model import Classifier, classifier
from dispatch.normalise.scoring import scorer

LINEAR, ONNX, CHAT = "linear", "onnx", "chat"
BACKENDS = (LINEAR, ONNX, CHAT)


def reader() -> Reader:
    """What reads reports: in this process, without asking anybody. Raises ImproperlyConfigured.

    A chat endpoint is asked beside it, where it is unsure (second_reader): nobody's report waits for a
    network while there is an answer at hand. An encoder that cannot be read, or that was measured beside
    another classifier, is told of once in the log, and the built-in scorer reads alone: no report is
    refused for it, and every decision names who read.
    """
    base = scorer(classifier())
    if settings.CLASSIFIER_BACKEND == ONNX:
        from dispatch.normalise.backends.encoder import mark

        return _with_encoder(base, mark())
    if settings.CLASSIFIER_BACKEND not in BACKENDS:
        raise ImproperlyConfigured(
            f"CLASSIFIER_BACKEND is {settings.CLASSIFIER_BACKEND!r}: it is one of {', '.join(BACKENDS)}."
        )
    return base


def second_reader() -> SecondReader | None:
    """Whom to ask about a report that the first reader is unsure of; None where nobody may be asked."""
    if settings.CLASSIFIER_BACKEND != CHAT:
        return None
    from dispatch.normalise.backends import chat

    try:
        return chat.dispatching(classifier())
    except ImproperlyConfigured:
        _say_once()
        return None


@lru_cache(maxsize=2)
def _with_encoder(base: Classifier, mark: tuple[int, int]) -> Reader:
    """Imported here: who does not choose it does not load it. Asked anew for another scorer or head."""
    from dispatch.normalise.backends.encoder import load_reader

    try:
        return load_reader(base)
    except ImproperlyConfigured:
        logging.getLogger(__name__).exception("The encoder is not used; the built-in scorer reads alone")
        return base


@lru_cache(maxsize=1)
def _say_once() -> None:
    logging.getLogger(__name__).exception("The chat model may not decide; the built-in scorer goes on alone")
