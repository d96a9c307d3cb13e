"""Uploaded pictures, animations and videos: what they are, what of them is kept, and where."""
