"""What a password must be; each rule says itself in words before anything is typed."""

import re
from typing import Any

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# A long sentence needs no signs: length is worth more than they are.
SENTENCE_LENGTH = 20
_KINDS = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"\d"), re.compile(r"[^a-zA-Z\d]"))


class Long(password_validation.MinimumLengthValidator):
    """Django's rule, in the words of this site."""

    def get_error_message(self) -> str:
        return self.get_help_text()

    def get_help_text(self) -> str:
        told = ngettext("At least %(count)d character.", "At least %(count)d characters.", self.min_length)
        return told % {"count": self.min_length}


class NotTheirName(password_validation.UserAttributeSimilarityValidator):
    """The same."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        try:
            super().validate(password, user)
        except ValidationError:
            raise ValidationError(self.get_help_text(), code="password_too_similar") from None

    def get_help_text(self) -> str:
        return _("Not too much like your name, user name or telephone number.")


class NotCommon(password_validation.CommonPasswordValidator):
    """The same."""

    def get_error_message(self) -> str:
        return self.get_help_text()

    def get_help_text(self) -> str:
        return _("None of the passwords that many people use.")


class SeveralKinds:
    """Of small letters, capitals, digits and everything else so many kinds; a long sentence needs none."""

    def __init__(self, kinds: int) -> None:
        self.kinds = kinds

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        found = sum(1 for kind in _KINDS if kind.search(password))
        if found < self.kinds and len(password) < SENTENCE_LENGTH:
            raise ValidationError(self.get_help_text(), code="password_too_plain")

    def get_help_text(self) -> str:
        if not self.kinds:
            return ""
        return _(
            "At least %(kinds)d of these four: small letters, capitals, digits, other characters (Chinese"
            " counts as other). From %(length)d characters on anything will do."
        ) % {"kinds": self.kinds, "length": SENTENCE_LENGTH}


class NoRuns:
    """Not one character or row of the keyboard over and over."""

    _ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "01234567890")
    _LONG = 5

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError."""
        lowered = password.lower()
        rows = (*self._ROWS, *(row[::-1] for row in self._ROWS))
        runs = (lowered[start : start + self._LONG] for start in range(len(lowered) - self._LONG + 1))
        if any(len(set(run)) == 1 or any(run in row for row in rows) for run in runs):
            raise ValidationError(self.get_help_text(), code="password_has_runs")

    def get_help_text(self) -> str:
        return _("No five in a row such as 12345, abcde, qwert or 88888.")
