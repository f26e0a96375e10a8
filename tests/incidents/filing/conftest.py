"""A resident with a browser, as the other tests of residents' pages have one."""

from tests.incidents.resident.conftest import fresh_throttles, hands, media_folder, someone

__all__ = ["fresh_throttles", "hands", "media_folder", "someone"]
