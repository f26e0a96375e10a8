"""The normal form of a text that several readers ask for, one after the other."""

from functools import lru_cache

from dispatch.items import normal_form

# Of the few texts that are being read; reading one asks six times.
folded = lru_cache(maxsize=64)(normal_form)
