"""Uploaded files that ads show."""

import builtins

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ads import constraints
from ads.choices import MediaType
from campaign_studio.models.base import StudioModel

# The folder of thumbnails, in the storage and in URLs.
THUMBNAILS = "thumbnails/"


class MediaFile(StudioModel):
    """An uploaded picture, animation or video. Its name is the hash of its content, so it never changes.

    If there is a row, the storage has the file: it is written before the row is committed, and deleted afterwards.
    """

    content_hash = models.CharField(
        _("content hash"), max_length=64, primary_key=True, help_text=_("The SHA-256 of the file as it is kept.")
    )
    sent_hash = models.CharField(
        _("hash of what was sent"),
        max_length=64,
        db_index=True,
        help_text=_("The SHA-256 of the file as it was uploaded. The same file again gets the same URL."),
    )
    extension = models.CharField(_("extension"), max_length=5)
    media_type = models.CharField(_("media type"), max_length=50, choices=MediaType.choices)
    width = models.PositiveIntegerField(_("width"), help_text=_("In pixels."))
    height = models.PositiveIntegerField(_("height"), help_text=_("In pixels."))
    bytes = models.PositiveIntegerField(_("bytes"))
    has_thumbnail = models.BooleanField(_("has a thumbnail"))
    created_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", verbose_name=_("created by"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    unused_since = models.DateTimeField(
        _("unused since"), null=True, help_text=_("When `prune_media` first found no ad that uses it.")
    )

    # What is to be written into the storage, by name, in the object that has just been uploaded.
    to_write: dict[str, builtins.bytes]

    class Meta:
        db_table = "media_files"
        ordering = ["-created_at", "content_hash"]
        verbose_name = _("uploaded file")
        verbose_name_plural = _("uploaded files")
        constraints = constraints.OF_A_MEDIA_FILE

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name of the file in the storage, and at the end of its URL."""
        return f"{self.content_hash}.{self.extension}"

    @property
    def thumbnail_name(self) -> str | None:
        """The name of its thumbnail in the storage; None for a video."""
        return f"{THUMBNAILS}{self.content_hash}.webp" if self.has_thumbnail else None

    @property
    def media_url(self) -> str:
        """Where viewers get the file, by the address of this installation (`PUBLIC_URL`)."""
        return f"{settings.PUBLIC_URL}{settings.MEDIA_URL}{self.name}"

    @property
    def thumbnail_url(self) -> str | None:
        """Where its thumbnail is; None for a video."""
        return f"{settings.PUBLIC_URL}{settings.MEDIA_URL}{self.thumbnail_name}" if self.thumbnail_name else None
