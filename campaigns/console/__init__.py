"""The admin console's pages for campaigns, and what ads share with them."""
