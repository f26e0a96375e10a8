"""People, units and categories as sheets."""
