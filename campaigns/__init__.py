"""Campaigns, their targeting, and the life cycle that campaigns and ads share."""
