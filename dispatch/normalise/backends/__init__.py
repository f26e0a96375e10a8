"""What reads a text: the built-in scorer, a sentence encoder beside it, or a model behind a chat endpoint.

Whatever reads is a Reader; `reader()` is the one that the setting CLASSIFIER_BACKEND chooses.
"""

from dispatch.normalise.backends.choosing import reader, second_reader
from dispatch.normalise.backends.interface import Reader, readings

__all__ = ["Reader", "reader", "readings", "second_reader"]
