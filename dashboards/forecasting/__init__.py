"""How much is to be expected: load by street and domain for the next days, tested before it is shown."""
