"""`manage.py prune_idempotency_keys`: delete stored responses that have expired."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.base import StudioCommand
from campaign_studio.models import IdempotentAnswer
from campaign_studio.models.idempotency import KEPT


class Command(StudioCommand):
    """An expired response is never sent again, even before it is deleted."""

    help = _(
        "Delete the responses to requests with an Idempotency-Key that are older than 24 hours. Schedule it once a day."
    )

    def handle(self, *args: object, **options: object) -> None:
        lift_statement_timeout()
        deleted, _by_model = IdempotentAnswer.objects.filter(answered_at__lte=timezone.now() - KEPT).delete()
        message = ngettext("Deleted %(count)d stored response.", "Deleted %(count)d stored responses.", deleted)
        self.stdout.write(message % {"count": deleted})
