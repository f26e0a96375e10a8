"""Why an administrator's deed is not done; said alike of people, of units and of other systems."""


class NotAllowed(Exception):
    """Not by this person."""


class NotTaken(Exception):
    """It cannot be done so: which field is at fault, and the words."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field
