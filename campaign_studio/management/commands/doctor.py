"""`manage.py doctor`: look for problems with the installation and say how to solve them."""

import subprocess
from collections.abc import Iterator

from django.conf import settings
from django.core.checks import ERROR, WARNING, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from rich.markup import escape

from accounts.audit.roles import owns_the_log
from accounts.choices import RoleName
from accounts.models import Role, User
from ads.reporting.partitions import has_next_month
from ads.uploads.keeping import StorageUnavailableError, check_storage
from advertisers.models import AdvertiserBankAccount
from campaign_studio.database.configuration import STARTING_ENGINE
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.loopback import beyond_this_computer
from campaign_studio.management.base import StudioCommand
from campaign_studio.management.same_places import pairs_of_same_places
from campaign_studio.management.terminal import terminal

OLDEST_POSTGRESQL = 150000
EXTENSIONS = ("btree_gist", "pg_trgm")


class Command(StudioCommand):
    """Prints one line per check. The exit code is 1 when there are problems."""

    help = _("Check the database, migrations, keys and settings, and say how to solve problems.")
    requires_system_checks: list[str] = []

    def handle(self, *args: object, **options: object) -> None:
        """Raises CommandError when there are problems."""
        console = terminal(self)
        problems = 0
        notes: list[str] = []
        for subject, advice in self._findings(notes):
            problems += advice is not None
            mark = "[green]✓[/green]" if advice is None else "[red]✗[/red]"
            console.print(f"{mark} {subject}" + (f": [bold]{escape(advice)}[/bold]" if advice else ""))
        for note in [*_notes(), *notes]:
            console.print(f"[yellow]![/yellow] {escape(note)}")
        if problems:
            text = ngettext("%(count)d problem found.", "%(count)d problems found.", problems)
            raise CommandError(text % {"count": problems})

    def _findings(self, notes: list[str]) -> Iterator[tuple[str, str | None]]:
        """What was checked, and the advice if there is a problem. Adds advice that isn't about a problem to `notes`."""
        yield from _settings()
        yield gettext("Uploaded files"), _unwritable()
        try:
            version = _version()
        except (DatabaseError, ImproperlyConfigured, OSError, subprocess.SubprocessError) as error:
            yield gettext("Database"), _unreachable(str(error).strip().splitlines()[0])
            return
        yield (
            f"PostgreSQL {version // 10000}",
            None if version >= OLDEST_POSTGRESQL else gettext("Too old. Use PostgreSQL 15 or newer."),
        )
        unapplied = _unapplied_migrations()
        advice = ngettext(
            "%(count)d migration isn't applied. Run manage.py migrate.",
            "%(count)d migrations aren't applied. Run manage.py migrate.",
            unapplied,
        )
        yield gettext("Migrations"), advice % {"count": unapplied} if unapplied else None
        if not unapplied:
            lift_statement_timeout()
            yield from _contents()
            notes += [*_rights(), *pairs_of_same_places()]


def _settings() -> Iterator[tuple[str, str | None]]:
    found = run_checks(include_deployment_checks=not settings.DEBUG)
    problems = [problem for problem in found if problem.level >= WARNING and not problem.is_silenced()]
    if not problems:
        yield gettext("Settings"), None
    for problem in problems:
        kind = gettext("Settings") if problem.level >= ERROR else gettext("Settings (warning)")
        yield kind, f"{problem.msg} {problem.hint or ''} ({problem.id})".replace("\n", " ")
    keys = {settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS, *settings.ENCRYPTION_KEYS, *settings.DELIVERY_KEYS}
    published = settings.EXAMPLE_KEYS & {*keys, *settings.SEAL_KEYS}
    advice = gettext(
        "The published example keys are in use. Set SECRET_KEY, ENCRYPTION_KEY, DELIVERY_KEYS and SEAL_KEYS."
    )
    yield gettext("Keys"), advice if published else None
    advice = gettext(
        "TRUSTED_PROXIES is empty. Without a proxy, slow clients can occupy every thread. Put a proxy that buffers "
        "request bodies in front of the servers (deploy/nginx.conf, deploy/Caddyfile), and set TRUSTED_PROXIES to its "
        "IP address."
    )
    yield gettext("Reverse proxy"), None if settings.DEBUG or settings.TRUSTED_PROXIES else advice
    yield from _exposure()


def _exposure() -> Iterator[tuple[str, str | None]]:
    """What strangers could use. Django's deployment check reports plain HTTP (security.W008)."""
    beyond = beyond_this_computer()
    advice = gettext("It shows the code and settings to every visitor. Set DEBUG=false.")
    if beyond or not settings.DEBUG:
        yield "DEBUG", advice if settings.DEBUG else None
    advice = gettext("It contains *, so any host name is accepted. List the names of this server.")
    yield "ALLOWED_HOSTS", advice if "*" in settings.ALLOWED_HOSTS else None
    is_open = settings.REGISTRATION_OPEN and (beyond or not settings.DEBUG)
    advice = gettext("Anyone can create an account and read all campaigns and ads. Set REGISTRATION_OPEN=false.")
    yield gettext("Registration"), advice if is_open else None


def _notes() -> Iterator[str]:
    """What is right for a demo on this computer, and nowhere else."""
    if settings.DEBUG and not beyond_this_computer():
        yield gettext(
            "DEBUG is true, which is for this computer only. On a server, set DEBUG=false, ALLOWED_HOSTS and the keys "
            "as in .env.example."
        )


def _rights() -> Iterator[str]:
    role = None if settings.DEBUG else owns_the_log()
    if role:
        text = gettext(
            "The database role %(role)s owns the audit log, so this server could rewrite it. Run manage.py setup_roles "
            "and let the server connect as the application's role."
        )
        yield text % {"role": role}


def _unreachable(reason: str) -> str:
    if connection.settings_dict["ENGINE"] == STARTING_ENGINE:
        text = gettext("The embedded PostgreSQL doesn't start (%(reason)s). Check DATA_DIR.")
    else:
        text = gettext("The database doesn't answer (%(reason)s). Check DATABASE_URL and that the server is running.")
    return text % {"reason": reason}


def _unwritable() -> str | None:
    """The error of the storage of uploaded files, if nothing can be written there."""
    try:
        check_storage()
    except StorageUnavailableError as error:
        text = gettext("Nothing can be written there (%(reason)s). Check DATA_DIR and MEDIA_STORAGE_URL.")
        return text % {"reason": str(error.__cause__).strip().partition("\n")[0]}
    return None


def _version() -> int:
    # A connection outside the pool: the pool would try for ten seconds and then hide the reason.
    alone = connection.copy()
    alone.settings_dict["OPTIONS"].pop("pool", None)
    try:
        with alone.cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            return int(cursor.fetchone()[0])
    finally:
        alone.close()


def _unapplied_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _contents() -> Iterator[tuple[str, str | None]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extname FROM pg_extension")
        missing = set(EXTENSIONS) - {name for (name,) in cursor.fetchall()}
    advice = ngettext(
        "The extension %(names)s is missing. Run CREATE EXTENSION in this database.",
        "The extensions %(names)s are missing. Run CREATE EXTENSION for each of them in this database.",
        len(missing),
    )
    yield gettext("Extensions"), advice % {"names": _listed(missing)} if missing else None
    lost = set(RoleName.values) - set(Role.objects.values_list("role_name", flat=True))
    advice = ngettext(
        "The role %(names)s is missing. Restore its row as in accounts/migrations/0002_six_roles.py.",
        "The roles %(names)s are missing. Restore their rows as in accounts/migrations/0002_six_roles.py.",
        len(lost),
    )
    yield gettext("Roles"), advice % {"names": _listed(lost)} if lost else None
    has_admin = User.objects.active_system_admins().exists()
    advice = gettext("None is active. Create one: manage.py create_user USERNAME EMAIL --role system_admin")
    yield gettext("System administrators"), None if has_admin else advice
    yield gettext("Stored bank account numbers"), _unreadable_secrets()
    has_partition = has_next_month(timezone.now())
    advice = gettext("There is no partition for next month. Run manage.py partition_views once a day.")
    yield gettext("View partitions"), None if has_partition else advice


def _listed(names: set[str]) -> str:
    return get_text_list(sorted(names), gettext("and"))


def _unreadable_secrets() -> str | None:
    """The error of the first bank account whose numbers no key decrypts."""
    try:
        for _account in AdvertiserBankAccount.objects.only("bank_account_number", "bank_account_iban").iterator():
            pass
    except ImproperlyConfigured as error:
        return str(error)
    return None
