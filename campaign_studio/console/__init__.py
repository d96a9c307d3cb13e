"""What every page of the admin console is built from."""
