"""People with a sign-in and their roles, as administrators keep them."""
