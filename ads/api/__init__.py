"""REST: ads, moderation, delivery with its explanations, and reports."""
