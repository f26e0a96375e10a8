"""People and units, as administrators keep them."""
