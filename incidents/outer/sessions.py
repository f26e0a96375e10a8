"""Sessions out here: a half-filled form waits in one, so its row is under lock and named after no cookie.

The key comes of the cookie and of this zone's SECRET_KEY; a copy of the database opens none of them.
"""

import base64
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as Stored
from django.utils import timezone

from incidents.outer import keys

_ABOUT = b"session"


class SessionStore(Stored):
    """Django's sessions in the database, without anything that can be read there."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        plain = self.serializer().dumps(session_dict)
        return base64.b64encode(keys.lock(self._lock_key(), plain, about=_ABOUT)).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        try:
            plain = keys.unlock(self._lock_key(), base64.b64decode(session_data), about=_ABOUT)
        except (keys.NotOurs, ValueError):
            return {}
        told: dict[str, Any] = self.serializer().loads(plain)
        return told

    def _get_session_from_db(self) -> Any:
        # Only the row's name differs from the cookie's; the key itself stays what the browser holds.
        kept = self.session_key
        if kept is None:
            return None
        found = self.model.objects.filter(session_key=_place(kept)).first()
        if found is None or found.expire_date <= timezone.now():
            self._session_key = None
            return None
        return found

    def exists(self, session_key: str) -> bool:
        return super().exists(_place(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        made = super().create_model_instance(data)
        made.session_key = _place(made.session_key)
        return made

    def delete(self, session_key: str | None = None) -> None:
        told = session_key or self.session_key
        if told is not None:
            super().delete(_place(told))

    def _lock_key(self) -> bytes:
        kept = self.session_key
        if kept is None:
            raise ValueError("a session without a key is not written")
        return keys.own_key("session", kept)


def _place(session_key: str) -> str:
    return keys.own_key("session's place", session_key).hex()[:40]
