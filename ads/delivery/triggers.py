"""The SQL function and the two triggers that maintain `deliverable_ads`, generated from the criteria.

The database has the SQL of the newest migration that froze the output of `trigger_sql()`. A change to the condition,
columns or constants of a criterion needs a new migration, and so does a change to what screens get of an ad
(`ads.api.shown_documents.py`). A test fails until there is one:

    python manage.py makemigrations ads --empty --name deliverable_ads_<what changes>
    python manage.py shell -v 0 -c "from ads.api.shown_documents import kept_sql; print(kept_sql())"

The migration runs `RunSQL(<this output>, <the output of the migration before>)`. If other ads become deliverable or
their documents change, it also runs `SELECT find_deliverable_ads(campaign_id) FROM campaigns;` after each.
"""

import re
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import Expression, Lookup, QuerySet
from django.db.models.expressions import Col, Combinable, RawSQL
from django.db.models.functions import Greatest, Least
from django.db.models.sql.where import AND, WhereNode
from psycopg import ClientCursor

from ads.delivery.criteria import CRITERIA, limits
from ads.delivery.statement import Question
from ads.models import Ad
from campaigns.models import Campaign

# The latest first day and the earliest last day apply. GREATEST and LEAST ignore nulls in PostgreSQL.
NARROWEST = {"first_day": Greatest, "last_day": Least}
KEYS = ("ad_id", "ad_type_id", "campaign_id")
# Where a statement may be split into lines, and parentheses, because it isn't split inside them.
JOINTS = re.compile(r"(\(|\)|, | (?=(?:FROM|INNER JOIN|LEFT OUTER JOIN|WHERE|AND) ))")
# The campaign is locked first, so that simultaneous changes that only together make an ad deliverable see each other.
FUNCTION = """
CREATE OR REPLACE FUNCTION find_deliverable_ads(changed uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    was_deliverable boolean;
BEGIN
    PERFORM 1 FROM campaigns WHERE campaign_id = changed FOR NO KEY UPDATE;
    DELETE FROM deliverable_ads WHERE campaign_id = changed;
    was_deliverable := FOUND;
    INSERT INTO deliverable_ads ({columns})
    {kept};
    IF FOUND OR was_deliverable THEN
        PERFORM note_delivery_change(changed);
    END IF;
    PERFORM find_deliverable_places(changed);
END
$$;
"""
# Views that use up a cap, or are taken back, may change what shows in any country. What others are changing about the
# campaign isn't seen here, so only its caps are asked: whoever changes these locks the totals.
CAPS = """
CREATE OR REPLACE FUNCTION note_used_up_caps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM totals_after AS after JOIN totals_before AS before USING (campaign_id)
        JOIN ({caps}) AS caps USING (campaign_id)
        WHERE (before.view_count >= max_views) IS DISTINCT FROM (after.view_count >= max_views)
        OR (before.view_seconds >= max_seconds) IS DISTINCT FROM (after.view_seconds >= max_seconds)
    ) THEN
        PERFORM note_delivery_change_in('*');
    END IF;
    RETURN NULL;
END
$$;
"""
# Changes to other columns don't affect what may show, nor do those of a row that keeps its ads from showing both before
# and after.
TRIGGER = """
CREATE OR REPLACE TRIGGER {table}_change_what_is_deliverable AFTER UPDATE ON {table} FOR EACH ROW
    WHEN (({old})
        IS DISTINCT FROM ({new})
        AND (({shown_before}) OR ({shown_after})))
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();
"""


def trigger_sql(document: Combinable) -> str:
    """The SQL that makes the database follow the criteria in the code. `document` is what screens get of an ad."""
    columns = {**_columns(), "document": document}
    ads = _kept_ads(columns)
    function = FUNCTION.format(columns=", ".join([*KEYS, *columns]), kept=_in_lines(_text(ads)))
    caps = CAPS.format(caps=_text(_caps()))
    return function + caps + "".join(_trigger(model._meta.db_table, ads) for model in (Campaign, Ad))


def _text(rows: "QuerySet[Any, Any]") -> str:
    """The statement of a query set with its values."""
    with connection.cursor() as cursor:
        return ClientCursor(cursor.connection).mogrify(*rows.query.sql_with_params())


def _caps() -> "QuerySet[Campaign, tuple[object, ...]]":
    caps = {"max_views": limits.max_views(""), "max_seconds": limits.max_seconds("")}
    return Campaign.objects.order_by().annotate(**caps).values_list("campaign_id", *caps)


def _in_lines(sql: str) -> str:
    """Split into a line for each column, table and condition, so that the migration is readable."""
    lines, depth = "", 0
    for part in JOINTS.split(sql):
        depth += (part == "(") - (part == ")")
        if part == ", " and depth == 0:
            lines += ",\n        "
        elif part == " " and depth <= 1:
            lines += "\n    "
        else:
            lines += part
    return lines


def _columns() -> dict[str, Combinable]:
    """The value of each column of `deliverable_ads`."""
    given: dict[str, list[Combinable]] = {}
    for criterion in CRITERIA:
        for column, value in criterion.kept.columns.items() if criterion.kept else ():
            given.setdefault(column, []).append(value)
    return {column: NARROWEST[column](*values) if len(values) > 1 else values[0] for column, values in given.items()}


def _kept_ads(columns: dict[str, Combinable]) -> "QuerySet[Ad, tuple[object, ...]]":
    """The ads of the changed campaign that meet all criteria that don't depend on place, moment or caps."""
    question = Question()
    ads = Ad.objects.filter(campaign=RawSQL("changed", []))
    ads = ads.filter(*[criterion.holds(question) for criterion in CRITERIA if criterion.kept is None])
    return ads.order_by().annotate(**columns).values_list(*KEYS, *columns)


def _trigger(table: str, ads: "QuerySet[Ad, tuple[object, ...]]") -> str:
    """The trigger on `table`, for changes to the columns that the query reads."""
    query = ads.query
    read = [*query.where.get_source_expressions(), *query.annotation_select.values(), *query.select]
    names = sorted({str(col.target.column) for one in read for col in _columns_in(one) if col.alias == table})
    old, new = (", ".join(f"{row}.{name}" for name in names) for row in ("OLD", "NEW"))
    before, after = (_alone(table, ads).replace(f'"{table}".', f"{row}.") for row in ("OLD", "NEW"))
    return TRIGGER.format(table=table, old=old, new=new, shown_before=before, shown_after=after)


def _alone(table: str, ads: "QuerySet[Ad, tuple[object, ...]]") -> str:
    """The conditions that compare a column of this table with a constant, as SQL."""
    compiler = ads.query.get_compiler(connection=connection)
    alone = [
        compiler.compile(one)
        for one in _conditions_in(ads.query.where)
        if isinstance(one, Lookup)
        and isinstance(one.lhs, Col)
        and one.lhs.alias == table
        and not hasattr(one.rhs, "resolve_expression")
    ]
    with connection.cursor() as cursor:
        return ClientCursor(cursor.connection).mogrify(
            " AND ".join(sql for sql, _parameters in alone) or "true",
            [value for _sql, values in alone for value in values],
        )


def _conditions_in(where: WhereNode) -> Iterator[object]:
    """All conditions that must be met."""
    for one in where.children:
        if isinstance(one, WhereNode) and one.connector == AND and not one.negated:
            yield from _conditions_in(one)
        else:
            yield one


def _columns_in(expression: Expression | WhereNode) -> Iterator[Col]:
    if isinstance(expression, Col):
        yield expression
    for source in expression.get_source_expressions():
        if isinstance(source, Expression | WhereNode):
            yield from _columns_in(source)
