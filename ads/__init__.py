"""Ads with their slots and ratings, moderation, delivery, and the views that come back."""
