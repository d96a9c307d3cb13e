"""The role that the application has in the embedded PostgreSQL: it owns its databases and is no superuser.

The superuser makes the role and its database, and is otherwise not used. Data folders from before there was such a role
are converted: their databases, and what is in them, then belong to the role.
"""

from pathlib import Path

# Of the role and of its database.
NAME = "campaign_studio"
SUPERUSER = "postgres"
# A file in the data folder which says that the folder has the role. A copy of an older folder doesn't contain it.
MARKER = "campaign_studio_role"

# An identity column's sequence follows its table, and the members of an extension stay with the extension.
OWNED_BY_THE_SUPERUSER = """
WITH ours AS (
    SELECT oid FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'
), of_an_extension AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), of_a_column AS (
    SELECT objid FROM pg_depend
    WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
)
SELECT format('SCHEMA %%I', nspname) FROM pg_namespace
WHERE oid IN (SELECT oid FROM ours) AND nspowner = %(superuser)s::regrole
UNION ALL
SELECT format('%%s %%s', CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass) FROM pg_class
WHERE relnamespace IN (SELECT oid FROM ours) AND relowner = %(superuser)s::regrole
AND relkind IN ('r', 'p', 'v', 'm', 'S')
AND ('pg_class'::regclass, oid) NOT IN (SELECT classid, objid FROM of_an_extension)
AND NOT (relkind = 'S' AND oid IN (SELECT objid FROM of_a_column))
UNION ALL
SELECT format('ROUTINE %%s', oid::regprocedure) FROM pg_proc
WHERE pronamespace IN (SELECT oid FROM ours) AND proowner = %(superuser)s::regrole
AND ('pg_proc'::regclass, oid) NOT IN (SELECT classid, objid FROM of_an_extension)
"""


def has_application_role(pgdata: Path) -> bool:
    """Whether the data folder has the application's role."""
    return (pgdata / MARKER).exists()


def prepare_application_role(pgdata: Path, socket_dir: Path) -> None:
    """Create the role and its database if they don't exist, and give it what belongs to the superuser.

    The server runs, and the caller holds the lock of the data folder.
    """
    import psycopg

    with psycopg.connect(host=str(socket_dir), user=SUPERUSER, dbname="postgres", autocommit=True) as server:
        # CREATEDB: the tests have databases of their own.
        if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [NAME]).fetchone():
            server.execute(f'CREATE ROLE "{NAME}" LOGIN CREATEDB')
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            server.execute(f'CREATE DATABASE "{NAME}" OWNER "{NAME}"')
        if has_application_role(pgdata):
            return
        databases = server.execute(
            "SELECT datname, quote_ident(datname) FROM pg_database"
            " WHERE datallowconn AND NOT datistemplate AND datname <> 'postgres'"
        ).fetchall()
        for database, quoted in databases:
            server.execute(f'ALTER DATABASE {quoted} OWNER TO "{NAME}"'.encode())
            _give_contents(socket_dir, database)
    (pgdata / MARKER).write_text(f"{NAME}\n")


def _give_contents(socket_dir: Path, database: str) -> None:
    """Give everything in a database that belongs to the superuser to the role, or nothing.

    Not `REASSIGN OWNED`, which refuses the role that `initdb` made.
    """
    import psycopg

    with psycopg.connect(host=str(socket_dir), user=SUPERUSER, dbname=database) as connection:
        for (thing,) in connection.execute(OWNED_BY_THE_SUPERUSER, {"superuser": SUPERUSER}).fetchall():
            connection.execute(f'ALTER {thing} OWNER TO "{NAME}"'.encode())
