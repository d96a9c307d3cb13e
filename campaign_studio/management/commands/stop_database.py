"""`manage.py stop_database`: stop the PostgreSQL that came along."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from campaign_studio.database.configuration import STARTING_ENGINE
from campaign_studio.embedded.server import stop_embedded_server


class Command(BaseCommand):
    """The embedded server is left running when commands end; this ends it. The data stays."""

    help = "Stop the embedded PostgreSQL. The next command that needs it starts it again."

    def handle(self, *args: object, **options: object) -> None:
        """Stop it, or say why there is nothing to stop."""
        database = settings.DATABASES["default"]
        if database["ENGINE"] != STARTING_ENGINE:
            self.stdout.write("This project uses a PostgreSQL server of its own, which this command leaves alone.")
        elif stop_embedded_server(Path(database["HOST"])):
            self.stdout.write("The embedded PostgreSQL has stopped.")
        else:
            self.stdout.write("The embedded PostgreSQL was not running.")
