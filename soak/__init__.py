"""Twenty minutes of a district's ordinary load on the whole installation, and is it then as it was?"""
