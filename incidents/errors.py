"""What an action refuses, in terms that the API and the pages can both tell."""

from django.utils.translation import gettext_lazy as _


class ActionRefused(Exception):
    """The case is not in a state, or the actor not in a place, for this action. Nothing was written.

    `code` is stable for machines; `str()` is a sentence in the reader's language.
    """

    def __init__(self, code: str, message: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class StaleFacts(ActionRefused):
    """Somebody else acted on the case since this page was shown."""

    def __init__(self, number: str) -> None:
        super().__init__(
            "stale",
            _("%(number)s has changed since you opened it. Look again before you decide.")
            % {"number": number},
        )


class InvalidInput(Exception):
    """A field of the input breaks a rule. Nothing was written."""

    def __init__(self, field: str, code: str, message: object) -> None:
        super().__init__(message)
        self.field = field
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return str(self.message)
