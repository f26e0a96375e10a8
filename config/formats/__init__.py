"""How dates are written where Django does it: as the interface does elsewhere."""
