"""`manage.py stop_database`: stop the embedded PostgreSQL."""

from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_studio.database.configuration import STARTING_ENGINE
from campaign_studio.embedded.server import stop_embedded_server
from campaign_studio.management.base import StudioCommand


class Command(StudioCommand):
    """Other commands leave the embedded server running. This one stops it and keeps its data."""

    help = _("Stop the embedded PostgreSQL. The next command that needs it starts it again.")

    def handle(self, *args: object, **options: object) -> None:
        database = settings.DATABASES["default"]
        if database["ENGINE"] != STARTING_ENGINE:
            self.stdout.write(
                gettext("DATABASE_URL names a PostgreSQL server. This command stops the embedded one only.")
            )
        elif stop_embedded_server(Path(database["HOST"])):
            self.stdout.write(gettext("The embedded PostgreSQL has stopped."))
        else:
            self.stdout.write(gettext("The embedded PostgreSQL wasn't running."))
