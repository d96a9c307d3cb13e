"""Answers kept for requests that are sent again with the same `Idempotency-Key`."""

from datetime import datetime, timedelta

from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_studio.encryption import EncryptedTextField

# How long a client that repeats a request gets the first answer.
KEPT = timedelta(hours=24)


class IdempotentAnswer(models.Model):
    """The first answer to a POST with an `Idempotency-Key`. Encrypted, as it contains what the client may read.

    Answers with `Cache-Control: no-store` (tokens, revealed bank numbers) are never kept.
    """

    key = models.CharField(
        _("key"),
        max_length=64,
        primary_key=True,
        editable=False,
        help_text=_("A hash of the client's key and of the user, device or IP address that sent it."),
    )
    fingerprint = models.CharField(
        _("fingerprint"), max_length=64, help_text=_("A hash of the method, the URL and the body.")
    )
    status = models.PositiveSmallIntegerField(_("status code"))
    headers = models.JSONField(_("headers"), default=dict)
    body = EncryptedTextField(_("body"), null=True)
    answered_at = models.DateTimeField(_("answered at"), db_index=True)

    class Meta:
        db_table = "idempotent_answers"
        ordering = ["answered_at", "key"]
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")

    def __str__(self) -> str:
        return gettext("%(status)s, %(time)s") % {
            "status": self.status,
            "time": date_format(self.answered_at, "DATETIME_FORMAT"),
        }

    def counts(self, *, at: datetime) -> bool:
        """Whether the answer is recent enough to be given again."""
        return self.answered_at > at - KEPT
