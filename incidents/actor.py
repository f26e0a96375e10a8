"""Who is acting: a person in a unit, another system, a resident, or the clock itself."""

from dataclasses import dataclass

from accounts.models import ApiClient, User


@dataclass(frozen=True, slots=True)
class Actor:
    """The hand behind an action, as the timeline records it."""

    user: User | None = None
    unit_code: str | None = None
    client: ApiClient | None = None

    @classmethod
    def person(cls, user: User, unit_code: str) -> "Actor":
        return cls(user=user, unit_code=unit_code)


SYSTEM = Actor()  # the clock, or the matcher
RESIDENT = Actor()  # nobody that we know: the timeline's kind says that a resident spoke
