"""Other systems: their tokens, what each may do, from where, and for how long."""
