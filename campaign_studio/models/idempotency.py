"""What was answered to requests that may come again."""

from datetime import datetime, timedelta

from django.db import models

from campaign_studio.encryption import EncryptedTextField

# So long a client may ask again and gets the same answer.
KEPT = timedelta(hours=24)


class IdempotentAnswer(models.Model):
    """The first answer to a POST with an `Idempotency-Key`. Encrypted: it may hold a token or a bank number."""

    key = models.CharField(
        max_length=64, primary_key=True, editable=False, help_text="A hash of the client's key and of who sends it."
    )
    fingerprint = models.CharField(max_length=64, help_text="A hash of method, address and body.")
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = EncryptedTextField(null=True)
    answered_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "idempotent_answers"
        ordering = ["answered_at", "key"]

    def __str__(self) -> str:
        return f"{self.status} at {self.answered_at:%Y-%m-%d %H:%M}"

    def counts(self, *, at: datetime) -> bool:
        """Whether it is still to be given again; older ones are forgotten."""
        return self.answered_at > at - KEPT
