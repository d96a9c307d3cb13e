"""The building blocks of every page of the admin console."""
