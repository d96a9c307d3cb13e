"""`manage.py doctor`: is everything as it should be, and what to do if not."""

import subprocess
from collections.abc import Iterator

from django.conf import settings
from django.core.checks import ERROR, WARNING, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from rich.markup import escape

from accounts.choices import RoleName
from accounts.models import Role, User
from ads.reporting.partitions import has_next_month
from advertisers.models import AdvertiserBankAccount
from campaign_studio.database.configuration import STARTING_ENGINE
from campaign_studio.management.terminal import terminal

OLDEST_POSTGRESQL = 150000
EXTENSIONS = ("btree_gist", "pg_trgm")


class Command(BaseCommand):
    """Prints a line per finding and ends with 1 when something is wrong."""

    help = "Check database, migrations, keys and settings, and say what to do."
    requires_system_checks: list[str] = []

    def handle(self, *args: object, **options: object) -> None:
        """Check everything. Raises CommandError when something is wrong."""
        console = terminal(self)
        wrong = 0
        for subject, advice in self._findings():
            wrong += advice is not None
            mark = "[green]✓[/green]" if advice is None else "[red]✗[/red]"
            console.print(f"{mark} {subject}" + (f": [bold]{escape(advice)}[/bold]" if advice else ""))
        if wrong:
            raise CommandError(f"{wrong} of these need you.")

    def _findings(self) -> Iterator[tuple[str, str | None]]:
        """What was looked at, with advice where something is wrong."""
        yield from _settings()
        try:
            version = _version()
        except (DatabaseError, ImproperlyConfigured, OSError, subprocess.SubprocessError) as error:
            reason = str(error).strip().splitlines()[0]
            is_ours = connection.settings_dict["ENGINE"] == STARTING_ENGINE
            advice = "Check DATA_DIR." if is_ours else "Check DATABASE_URL and that the server runs."
            yield "Database", f"it does not answer ({reason}). {advice}"
            return
        yield (
            f"PostgreSQL {version // 10000}",
            None if version >= OLDEST_POSTGRESQL else "too old. Use PostgreSQL 15 or newer.",
        )
        unapplied = _unapplied_migrations()
        yield "Migrations", f"{unapplied} not applied. Run manage.py migrate." if unapplied else None
        if not unapplied:
            yield from _contents()


def _settings() -> Iterator[tuple[str, str | None]]:
    found = run_checks(include_deployment_checks=not settings.DEBUG)
    problems = [problem for problem in found if problem.level >= WARNING and not problem.is_silenced()]
    if not problems:
        yield "Settings", None
    for problem in problems:
        kind = "Settings" if problem.level >= ERROR else "Settings (warning)"
        yield kind, f"{problem.msg} {problem.hint or ''} ({problem.id})".replace("\n", " ")
    published = settings.EXAMPLE_KEYS & {settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS, *settings.ENCRYPTION_KEYS}
    yield "Keys", "the published examples are in use. Set SECRET_KEY and ENCRYPTION_KEY." if published else None


def _version() -> int:
    # By itself: the pool would try for ten seconds and then not say why.
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
    yield "Extensions", f"CREATE EXTENSION {', '.join(sorted(missing))} in this database." if missing else None
    lost = sorted(set(RoleName.values) - set(Role.objects.values_list("role_name", flat=True)))
    advice = f"{', '.join(lost)} missing. Put the rows back: accounts/migrations/0002_six_roles.py lists them."
    yield "Roles", advice if lost else None
    is_led = User.objects.active_system_admins().exists()
    advice = "none is active. Create one: manage.py create_user USERNAME EMAIL --role system_admin"
    yield "A system administrator", None if is_led else advice
    yield "Stored bank numbers", _unreadable_secrets()
    is_ahead = has_next_month(timezone.now())
    yield "Months for views", None if is_ahead else "next month has none. Run manage.py partition_views, once a day."


def _unreadable_secrets() -> str | None:
    """Every stored number must open with one of the keys; they are read one by one."""
    try:
        for _ in AdvertiserBankAccount.objects.only("bank_account_number", "bank_account_iban").iterator():
            pass
    except ImproperlyConfigured as error:
        return str(error)
    return None
