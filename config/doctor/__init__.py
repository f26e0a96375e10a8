"""What is wrong with this installation, and what to do about it (`manage.py doctor`).

A check is a function that says what it found: the machine, the database and the clock that it asks come in as
arguments, so that each can be shown to fail. What it says is for whoever runs the installation, and need not
be a programmer.
"""

from .examining import examine
from .finding import Finding, Level, worst

__all__ = ["Finding", "Level", "examine", "worst"]
