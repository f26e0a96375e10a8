"""What deciding refuses to do."""


class FactsError(ValueError):
    """A fact that cannot be true: `field` names the input, `code` the rule, str() tells the reader."""

    def __init__(self, field: str, code: str, message: str) -> None:
        self.field = field
        self.code = code
        super().__init__(message)


class UnknownItem(LookupError):
    """No item of that code is in the live list."""


class NoLiveList(RuntimeError):
    """There is no live responsibility list: nothing can be decided until one is loaded."""
