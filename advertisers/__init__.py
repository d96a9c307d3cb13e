"""Advertisers, their contacts and their bank accounts."""
