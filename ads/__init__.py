"""Ads with their time slots and content ratings, their review, their delivery, and the views that are reported."""
