"""Django's PostgreSQL backend for the embedded server. See `campaign_studio/database.py`."""
