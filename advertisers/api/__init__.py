"""REST: advertisers with their contacts and bank accounts."""
