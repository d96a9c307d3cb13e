"""What every address of the REST API is built from."""
