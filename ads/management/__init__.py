"""Commands about delivery and views."""
