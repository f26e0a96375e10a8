"""One archive of everything that cannot be made again, and the way back (`manage.py backup`, `restore`).

Database, media and trained models; never the keys (docs/operation.md). An archive has its name only once it
was written, forced onto the disk and read back; what was restored is only said to be when it was counted.
"""

from .errors import BackupError
from .restoring import restore
from .taking import take

__all__ = ["BackupError", "restore", "take"]
