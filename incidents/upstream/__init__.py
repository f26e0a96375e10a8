"""Cases that came from above: sending results up for acceptance, asking, and taking in the answers."""
