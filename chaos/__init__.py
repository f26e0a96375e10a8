"""Kill it: the whole of Yiwang under load while its processes die, and the check of what is left.

`python -m chaos` (`make chaos`) runs it; docs/chaos.md says what is killed and what must hold.
"""
