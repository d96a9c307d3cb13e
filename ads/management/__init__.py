"""Commands about campaigns, ads and their views."""
