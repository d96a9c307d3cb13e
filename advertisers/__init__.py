"""The customers, whom to call there, and their bank accounts."""
