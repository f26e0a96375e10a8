"""What other systems send, in their own words: one adapter for each, its tables, and the feeds back."""
