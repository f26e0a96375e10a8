"""Out on the street: what patrols and grid members find, put right on the spot, and check for others."""
