"""REST: campaigns with their targeting."""
