"""The only home of a resident's name, phone and address: encrypted, found again by a blind index."""

import re
import unicodedata
from datetime import datetime

from django.conf import settings
from django.db import models

from accounts import sealing
from accounts.ciphers import keyed_digest


def seal(plain: str) -> bytes:
    """Encrypted under the first of CONTACT_KEYS; nothing stays nothing."""
    return sealing.seal(plain) if plain else b""


def unseal(sealed: bytes | memoryview) -> str:
    """What was sealed, under whichever of CONTACT_KEYS."""
    return sealing.unseal(sealed) if sealed else ""


def person_index(told: str) -> str:
    """A keyed digest of a name that some platform gives a person: the same one is known again, nobody is."""
    return keyed_digest(settings.CONTACT_INDEX_KEY, told.encode())


def phone_digits(phone: str) -> str:
    """The digits of a phone number, full-width ones too, without the mainland's country code."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", phone))
    return digits[2:] if len(digits) == 13 and digits.startswith("86") else digits


def masked_number(phone: str) -> str:
    """First three and last four digits: 138****2207."""
    digits = phone_digits(phone)
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 8 else "*" * len(digits)


def blind_index(phone: str) -> str:
    """A keyed digest: equal phones give equal digests, and nothing can be read from one."""
    digits = phone_digits(phone)
    if not digits:
        return ""
    return keyed_digest(settings.CONTACT_INDEX_KEY, digits.encode())


class Contact(models.Model):
    """Who said it. Rows can be erased. Besides, a resident is named by a seat on a council (CouncilMember)
    and in the file of a mediation, sealed the same way: see docs/decisions/0029 and 0031."""

    name_sealed = models.BinaryField(default=b"")
    phone_sealed = models.BinaryField(default=b"")
    address_sealed = models.BinaryField(default=b"")
    email_sealed = models.BinaryField(default=b"", db_default=b"")
    phone_index = models.CharField(max_length=64, blank=True, db_index=True)
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"contact {self.pk}"

    @classmethod
    def sealed(
        cls, *, name: str = "", phone: str = "", address: str = "", email: str = "", at: datetime
    ) -> "Contact":
        """An unsaved contact with its fields encrypted."""
        return cls(
            name_sealed=seal(name),
            phone_sealed=seal(phone),
            address_sealed=seal(address),
            email_sealed=seal(email),
            phone_index=blind_index(phone),
            created_at=at,
        )

    @property
    def name(self) -> str:
        return unseal(self.name_sealed)

    @property
    def phone(self) -> str:
        return unseal(self.phone_sealed)

    @property
    def address(self) -> str:
        return unseal(self.address_sealed)

    @property
    def email(self) -> str:
        return unseal(self.email_sealed)

    @property
    def masked_name(self) -> str:
        """The surname alone: 王**."""
        name = self.name
        return f"{name[0]}**" if name else ""

    @property
    def masked_phone(self) -> str:
        return masked_number(self.phone)
