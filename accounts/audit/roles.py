"""The SQL that gives the server no more rights than it needs: three roles of PostgreSQL (docs/adr/0012).

- The owner owns the database and runs migrations.
- The application serves: it reads and writes rows. It reads the logs and adds to them, and no more.
- The log owner owns the tables of the log, their functions and triggers. Nobody signs in as it.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection

NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
LOGS = ("audit_log", "audit_seals", "security_events")
QUEUE = "audit_entries_to_seal"
FUNCTIONS = (
    "refuse_to_rewrite_a_log()",
    "have_the_entry_sealed()",
    "have_the_event_sealed()",
    "refuse_a_seal_without_a_key()",
    "prune_audit_log(bigint, integer, text)",
)

CREATE_ROLE = """
DO $$BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} {may_sign_in}; END IF;
END$$
"""
# Everything in the schema, except what belongs to an extension, to the log or to a column.
GIVE_TO_THE_OWNER = """
DO $$DECLARE thing text;
BEGIN
    FOR thing IN
        SELECT format('%s %s', CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass) FROM pg_class
        WHERE relnamespace = '{schema}'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
        AND relname <> ALL ('{{{logs}}}')
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype IN ('a', 'e', 'i')
                        AND classid = 'pg_class'::regclass AND (relkind = 'S' OR deptype = 'e'))
        UNION ALL
        SELECT format('ROUTINE %s', oid::regprocedure) FROM pg_proc
        WHERE pronamespace = '{schema}'::regnamespace AND oid <> ALL ('{{{functions}}}'::regprocedure[]::oid[])
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e'
                        AND classid = 'pg_proc'::regclass)
    LOOP
        EXECUTE format('ALTER %s OWNER TO {owner}', thing);
    END LOOP;
END$$
"""


class Roles(NamedTuple):
    """The names of the three roles."""

    owner: str
    application: str
    log_owner: str


def owns_the_log() -> str | None:
    """The name of the connection's role if it may do what the owner of the log may, such as disable its triggers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user FROM pg_class WHERE oid = 'audit_log'::regclass"
            " AND pg_has_role(current_user, relowner, 'MEMBER')"
        )
        row = cursor.fetchone()
    return str(row[0]) if row else None


def statements(roles: Roles, *, database: str, schema: str = "public") -> Iterator[str]:
    """The statements, in order. They can be run again, such as after a migration that makes a table of the log.

    The names are not quoted, so they must match `NAME`; that of the database is.
    """
    owner, application, log_owner = roles
    yield CREATE_ROLE.format(role=owner, may_sign_in="LOGIN").strip()
    yield CREATE_ROLE.format(role=application, may_sign_in="LOGIN").strip()
    yield CREATE_ROLE.format(role=log_owner, may_sign_in="NOLOGIN").strip()
    # For migrations of the log's tables.
    yield f"GRANT {log_owner} TO {owner}"
    yield from _ownership(roles, database=_quoted(database), schema=schema)
    yield f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {application}, {log_owner}"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {application}, {log_owner}"
    yield f"GRANT CONNECT ON DATABASE {_quoted(database)} TO {owner}, {application}"
    yield from _rights_of_the_application(roles, schema)
    # A checkpoint names the kind of object that it is about.
    yield f"GRANT SELECT, REFERENCES ON django_content_type TO {log_owner}"


def _ownership(roles: Roles, *, database: str, schema: str) -> Iterator[str]:
    owner, _application, log_owner = roles
    yield f"ALTER DATABASE {database} OWNER TO {owner}"
    yield f"ALTER SCHEMA {schema} OWNER TO {owner}"
    # PostgreSQL asks for it of a new owner.
    yield f"GRANT CREATE ON SCHEMA {schema} TO {log_owner}"
    yield GIVE_TO_THE_OWNER.format(
        schema=schema,
        owner=owner,
        logs=",".join((*LOGS, QUEUE)),
        functions=",".join(f'"{function}"' for function in FUNCTIONS),
    ).strip()
    for table in (*LOGS, QUEUE):
        yield f"ALTER TABLE {table} OWNER TO {log_owner}"
    for function in FUNCTIONS:
        yield f"ALTER FUNCTION {function} OWNER TO {log_owner}"


def _rights_of_the_application(roles: Roles, schema: str) -> Iterator[str]:
    owner, application, _log_owner = roles
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {application}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {application}"
    for kind, rights in (("TABLES", "SELECT, INSERT, UPDATE, DELETE"), ("SEQUENCES", "USAGE, SELECT")):
        yield f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT {rights} ON {kind} TO {application}"
    closed = ", ".join((*LOGS, QUEUE, "django_migrations"))
    yield f"REVOKE ALL ON {closed} FROM PUBLIC, {application}"
    yield f"GRANT SELECT ON django_migrations TO {application}"
    yield f"GRANT SELECT, INSERT ON {', '.join(LOGS)} TO {application}"
    # A trigger with the rights of its owner fills the queue; whoever seals empties it.
    yield f"GRANT SELECT, DELETE ON {QUEUE} TO {application}"
    yield f"REVOKE ALL ON FUNCTION {FUNCTIONS[-1]} FROM PUBLIC"
    yield f"GRANT EXECUTE ON FUNCTION {FUNCTIONS[-1]} TO {application}"


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
