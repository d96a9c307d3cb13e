"""Campaigns, whom they are targeted at, and the life cycle of a status."""
