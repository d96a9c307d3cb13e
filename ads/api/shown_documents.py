"""What screens get of an ad, as the database keeps it: `ShownAdSerializer` as one expression."""

from django.db.models.expressions import Combinable

from ads.api.delivery_serializers import ShownAdSerializer
from ads.delivery.triggers import trigger_sql
from ads.models import Ad
from campaign_studio.api.documents.statements import Kind


def shown_document(role: str | None = None) -> Combinable:
    """The document of an ad as text. It is the same for readers of every role."""
    return Kind(ShownAdSerializer, Ad, role).columns(Ad.objects.all())["json_0"]


def kept_sql() -> str:
    """The SQL that keeps `deliverable_ads`, to be frozen in a migration; see `ads/delivery/triggers.py`."""
    return trigger_sql(shown_document())
