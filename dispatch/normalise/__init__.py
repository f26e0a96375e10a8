"""Text → facts: the classifier, the phrases, and the reading that joins them."""

from dispatch.normalise.reading import Normalised, normalise

__all__ = ["Normalised", "normalise"]
