"""What can go wrong, in words for the person at the terminal."""


class BackupError(RuntimeError):
    """Something cannot be backed up or restored; the message says what, and what to do."""
