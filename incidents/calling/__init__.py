"""回访: whom the centre calls back after handling, when, and with which words."""
