"""The tree of units, as administrators keep it."""
