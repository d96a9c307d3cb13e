"""`manage.py demo`: a running Campaign Studio with demo data, in one command."""

import io
import os
import socket
import subprocess
import sys

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import OperationalError, connection, connections
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from campaign_studio.database.configuration import STARTING_ENGINE
from campaign_studio.demo import loader
from campaign_studio.demo.fleet import FLEET, keys_file
from campaign_studio.demo.people import PASSWORD, PEOPLE
from campaign_studio.management.arguments import whole_number
from campaign_studio.management.base import StudioCommand
from campaign_studio.management.terminal import terminal

HOST = "127.0.0.1"


class Command(StudioCommand):
    """Creates and fills the database, prints the URLs and sign-ins, and starts the server."""

    help = _("Create the database, load demo data, print the sign-ins and start the server.")
    # Some checks need the migrated database. The server runs them later.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-server", action="store_true", help=gettext("load the data, but don't start the server")
        )
        parser.add_argument("--reset", action="store_true", help=gettext("empty the embedded database first"))
        parser.add_argument("--port", type=whole_number(1, 65_535), default=8000, help=gettext("port of the server"))
        parser.add_argument(
            "--scale",
            type=whole_number(1),
            default=1,
            metavar="N",
            help=gettext("load N times as many campaigns, to try a large database"),
        )

    def handle(self, *, no_server: bool, reset: bool, port: int, scale: int, **options: object) -> None:
        """Raises CommandError without DEBUG, for a port in use and for a database that doesn't answer."""
        if not settings.DEBUG:
            raise CommandError(gettext("The demo creates users with a well-known password, so it needs DEBUG=true."))
        if not no_server and _is_taken(port):
            raise CommandError(gettext("Port %(port)d is in use. Choose another one with --port.") % {"port": port})
        console = terminal(self, soft_wrap=False)
        try:
            self._fill(console, reset=reset, port=port, scale=scale)
        except OperationalError as error:
            raise CommandError(gettext("The database doesn't answer. Run manage.py doctor to find out why.")) from error
        except ValidationError as error:
            text = gettext(
                "The demo data conflicts with the data in this database: %(reasons)s "
                "Use an empty database. For the embedded one, use --reset."
            )
            raise CommandError(text % {"reasons": " ".join(error.messages)}) from error
        console.print(_addresses(port))
        console.print(_sign_ins())
        told = gettext("The keys of the devices in “%(fleet)s” are in %(file)s.")
        console.print(told % {"fleet": FLEET, "file": keys_file()})
        if not no_server:
            console.print(gettext("Serving on %(url)s. Stop with Ctrl-C.") % {"url": f"http://{HOST}:{port}"})
            self.stdout.flush()
            _start_driving(port)
            _serve(port)

    def _fill(self, console: Console, *, reset: bool, port: int, scale: int) -> None:
        if reset:
            _empty_database()
            console.print(gettext("Database emptied."))
        call_command("migrate", verbosity=0, interactive=False)
        call_command("partition_views", stdout=io.StringIO())
        console.print(gettext("Database ready."))
        self._load(console, f"http://{HOST}:{port}", scale)

    def _load(self, console: Console, base_url: str, scale: int) -> None:
        today = timezone.localdate()
        loader.load(base_url, on=today)
        if scale > 1:
            with Progress(console=console) as progress:
                task = progress.add_task(gettext("Copies"), total=(scale - 1) * len(loader.FLIGHTS))
                loader.load_copies(scale, on=today, advance=lambda count: progress.advance(task, count))
        console.print(gettext("Demo data loaded."))


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _empty_database() -> None:
    """Drop all tables. Raises CommandError unless the database is the embedded one."""
    if connection.settings_dict["ENGINE"] != STARTING_ENGINE:
        raise CommandError(gettext("--reset empties the embedded database only. Drop and create yours yourself."))
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    ContentType.objects.clear_cache()
    if settings.AUDIT_HEADS:
        # It notes the heads of the log that has just been removed.
        settings.AUDIT_HEADS.unlink(missing_ok=True)


def _addresses(port: int) -> Table:
    table = Table(gettext("URL"), gettext("Description"), title="Campaign Studio", title_justify="left")
    for path, what in (
        ("/admin/", gettext("admin console")),
        ("/api/docs", gettext("documentation of the REST API")),
        ("/api/health", gettext("status of the server and its database")),
    ):
        table.add_row(f"http://{HOST}:{port}{path}", what)
    return table


def _sign_ins() -> Table:
    title = gettext("Sign in with the password %(password)s") % {"password": PASSWORD}
    table = Table(gettext("Username"), gettext("Role"), gettext("Permissions"), title=title, title_justify="left")
    for person in PEOPLE:
        if person.does:
            table.add_row(person.username, person.role, str(person.does))
    return table


def server_command(port: int) -> list[str]:
    """The command that starts the server on localhost. It has no proxy, so it waits for bodies itself (`asgi.py`)."""
    command = [sys.executable, "-m", "granian", "--interface", "asginl", "campaign_studio.asgi:application"]
    options = ["--host", HOST, "--port", str(port), "--workers", "2", "--respawn-failed-workers"]
    return [*command, *options, "--backpressure", "256", "--no-ws", "--log-level", "warning"]


def _start_driving(port: int) -> None:
    """Start a car that reports views once a minute. This process becomes the server, and the car ends with it."""
    command = [sys.executable, "-m", "campaign_studio.demo.driving", f"http://{HOST}:{port}", str(keys_file())]
    subprocess.Popen([*command, str(os.getpid())], cwd=settings.BASE_DIR)  # noqa: S603 - fixed words


def _serve(port: int) -> None:
    """Replace this process with the server. Never returns."""
    connections.close_all()
    # The server imports the project from its working directory.
    os.chdir(settings.BASE_DIR)
    # Links in emails lead to the port that is served.
    os.environ["PUBLIC_URL"] = f"http://{HOST}:{port}"
    # Else each thread of the server keeps the memory of the largest upload that it has had.
    os.environ["MALLOC_MMAP_THRESHOLD_"] = str(1024**2)
    os.execv(sys.executable, server_command(port))  # noqa: S606 - no shell, fixed words
