"""The REST API of advertisers, their contacts and bank accounts."""
