"""`manage.py prune_idempotency_keys`: forget answers that nobody may ask for again."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.models import IdempotentAnswer
from campaign_studio.models.idempotency import KEPT


class Command(BaseCommand):
    """Meant for once a day. An answer that is too old is not given again even before it is deleted."""

    help = "Delete the kept answers of Idempotency-Keys that are older than 24 hours."

    def handle(self, *args: object, **options: object) -> None:
        lift_statement_timeout()
        deleted, _ = IdempotentAnswer.objects.filter(answered_at__lte=timezone.now() - KEPT).delete()
        self.stdout.write(f"Deleted: kept answers {deleted}.")
