"""Users and their roles, how they sign in, and the log of what they did."""
