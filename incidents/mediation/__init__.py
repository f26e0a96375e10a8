"""化解: the files of mediations, what they say to whom, and what they add up to."""
