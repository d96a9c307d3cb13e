"""The REST API of ads: reviews, delivery and its explanations, reported views and performance."""
