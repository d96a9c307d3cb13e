"""The building blocks of every URL of the REST API."""
