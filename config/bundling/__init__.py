"""One archive that installs Yiwang where there is no internet; see docs/offline.md."""
