"""`manage.py prune_media`: delete uploaded files that no ad uses any more."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ads.uploads.pruning import prune
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.base import StudioCommand


class Command(StudioCommand):
    """A file that is found unused is noted, and deleted by a run that finds it unused MEDIA_GRACE_DAYS later."""

    help = _(
        "Delete uploaded pictures and videos that no ad has used for MEDIA_GRACE_DAYS. Schedule it once a day: the "
        "days count from the first run that finds a file unused."
    )

    def handle(self, **options: object) -> None:
        lift_statement_timeout()
        done = prune(timezone.now(), grace=timedelta(days=settings.MEDIA_GRACE_DAYS))
        deleted = ngettext("Deleted %(count)d unused file.", "Deleted %(count)d unused files.", done.deleted)
        waiting = ngettext(
            "%(count)d file is unused and kept for now.", "%(count)d files are unused and kept for now.", done.waiting
        )
        self.stdout.write(deleted % {"count": done.deleted})
        self.stdout.write(waiting % {"count": done.waiting})
