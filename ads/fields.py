"""Types of PostgreSQL that Django has no fields for."""

from django.contrib.postgres.lookups import DataContains
from django.db import models


class IntegerMultirangeField(models.Field):
    """Ranges of whole numbers that don't touch, read as psycopg's `Multirange`. `contains` finds one number."""

    def db_type(self, connection: object) -> str:
        return "int4multirange"


IntegerMultirangeField.register_lookup(DataContains)


class TransactionIdField(models.Field):
    """The id of a transaction, which grows and is never used again."""

    def db_type(self, connection: object) -> str:
        return "xid8"
