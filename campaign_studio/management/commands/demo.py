"""`manage.py demo`: everything at once, for somebody who sees Campaign Studio for the first time."""

import io
import os
import socket
import sys

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection, connections
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from campaign_studio.database.configuration import STARTING_ENGINE
from campaign_studio.demo import loader
from campaign_studio.demo.people import PASSWORD, PEOPLE
from campaign_studio.management.arguments import whole_number
from campaign_studio.management.terminal import terminal

HOST = "127.0.0.1"


class Command(BaseCommand):
    """Creates the database, fills it, says where to go and how to sign in, and serves."""

    help = "Create the database, load demo data, print the sign-ins, and serve."
    # Before `migrate` there is nothing to check against; the server checks again.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """What to leave out, and how much."""
        parser.add_argument("--no-server", action="store_true", help="load the data and end")
        parser.add_argument("--reset", action="store_true", help="empty the embedded database first")
        parser.add_argument("--port", type=whole_number(1, 65_535), default=8000)
        parser.add_argument(
            "--scale", type=whole_number(1), default=1, metavar="N", help="N times the data, to try it at size"
        )

    def handle(self, *, no_server: bool, reset: bool, port: int, scale: int, **options: object) -> None:
        """Raises CommandError outside of DEBUG, for a port in use and for a database that doesn't answer."""
        if not settings.DEBUG:
            raise CommandError("The demo creates well-known passwords, so it runs with DEBUG=true only.")
        if not no_server and _is_taken(port):
            raise CommandError(f"Port {port} is in use. Choose another one with --port.")
        console = terminal(self, soft_wrap=False)
        try:
            self._fill(console, reset=reset, port=port, scale=scale)
        except OperationalError as error:
            raise CommandError("The database does not answer. `manage.py doctor` says what to do.") from error
        except ValidationError as error:
            reasons = " ".join(error.messages)
            raise CommandError(
                f"The demo data does not fit into this database: {reasons} "
                "Use an empty one; --reset empties the embedded one."
            ) from error
        console.print(_addresses(port))
        console.print(_sign_ins())
        if not no_server:
            console.print(f"Serving on http://{HOST}:{port} – stop with Ctrl-C.")
            self.stdout.flush()
            _serve(port)

    def _fill(self, console: Console, *, reset: bool, port: int, scale: int) -> None:
        if reset:
            _empty_database()
            console.print("Database emptied.")
        call_command("migrate", verbosity=0, interactive=False)
        call_command("partition_views", stdout=io.StringIO())
        console.print("Database ready.")
        self._load(console, f"http://{HOST}:{port}", scale)

    def _load(self, console: Console, base_url: str, scale: int) -> None:
        today = timezone.localdate()
        loader.load(base_url, on=today)
        if scale > 1:
            with Progress(console=console) as progress:
                task = progress.add_task("Copies", total=(scale - 1) * len(loader.FLIGHTS))
                loader.load_copies(scale, on=today, advance=lambda count: progress.advance(task, count))
        console.print("Demo data loaded.")


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _empty_database() -> None:
    """Drop every table. Raises CommandError for a database that isn't the embedded one."""
    if connection.settings_dict["ENGINE"] != STARTING_ENGINE:
        raise CommandError("--reset empties the embedded database only. Drop and create yours by hand.")
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    ContentType.objects.clear_cache()


def _addresses(port: int) -> Table:
    table = Table("Address", "What it is", title="Campaign Studio", title_justify="left")
    for path, what in (
        ("/admin/", "the console"),
        ("/api/docs", "the REST API, described"),
        ("/api/health", "is it alive?"),
    ):
        table.add_row(f"http://{HOST}:{port}{path}", what)
    return table


def _sign_ins() -> Table:
    table = Table("Username", "Role", "May", title=f"Sign in with the password {PASSWORD}", title_justify="left")
    for person in PEOPLE:
        if person.does:
            table.add_row(person.username, person.role, person.does)
    return table


def server_command(port: int) -> list[str]:
    """The same server as in production, on this machine's own address and without an access log."""
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "campaign_studio.wsgi:application"]
    options = ["--host", HOST, "--port", str(port), "--workers", "2", "--respawn-failed-workers"]
    return [*command, *options, "--blocking-threads", "4", "--no-ws", "--log-level", "warning"]


def _serve(port: int) -> None:
    """Replace this process by the server; never returns."""
    connections.close_all()
    # The server looks for the project in its working folder, wherever `manage.py` was called from.
    os.chdir(settings.BASE_DIR)
    os.execv(sys.executable, server_command(port))  # noqa: S606 - no shell, fixed words
