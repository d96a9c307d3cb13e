"""Time slots are for days of the week. Those of an ad may not overlap on any of them."""

import django.contrib.postgres.fields
import django.db.models.functions.comparison
import django.db.models.lookups
from django.db import migrations, models

import ads.choices
import ads.constraints
import ads.fields
import campaign_studio.constraints

# In an index, so it may not change without building that anew.
QUARTERS = """
CREATE FUNCTION quarters_of_week(weekdays smallint[], first time, until time) RETURNS int4multirange
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(range_agg(int4range(
        (day - 1) * 96 + floor(extract(epoch FROM first) / 900)::int,
        (day - 1) * 96 + CASE WHEN until = '00:00' THEN 96
            ELSE greatest(floor(extract(epoch FROM first) / 900)::int, floor(extract(epoch FROM until) / 900)::int) END
    )), '{}') FROM unnest(weekdays) AS day
$$;
"""
# Backwards, an ad whose slots overlap without their days keeps all of its times, as one slot for each stretch.
MERGE = """
CREATE TEMPORARY TABLE merged ON COMMIT DROP AS
    WITH daily AS (
        SELECT time_slot_id, ad_id, quarters_of_week('{1}', time_slot_start, time_slot_end) AS quarters
        FROM ad_time_slots
    ), stretches AS (
        SELECT ad_id, unnest(range_agg(quarters)) AS stretch FROM daily
        WHERE ad_id IN (
            SELECT one.ad_id FROM daily AS one JOIN daily AS other
                ON one.ad_id = other.ad_id AND one.time_slot_id < other.time_slot_id AND one.quarters && other.quarters
        )
        GROUP BY ad_id
    )
    SELECT time_slot_id, upper(stretch) % 96 * interval '15 minutes' AS until,
        row_number() OVER (PARTITION BY ad_id, stretch ORDER BY lower(quarters), time_slot_id) = 1 AS is_first
    FROM daily JOIN stretches USING (ad_id) WHERE quarters <@ stretch;
DELETE FROM ad_time_slots AS slot USING merged
    WHERE slot.time_slot_id = merged.time_slot_id AND NOT merged.is_first;
UPDATE ad_time_slots AS slot SET time_slot_end = '00:00'::time + until FROM merged
    WHERE slot.time_slot_id = merged.time_slot_id;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ads", "0012_one_row_for_local_days_and_one_for_utc"),
    ]

    operations = [
        migrations.RunSQL(QUARTERS, "DROP FUNCTION quarters_of_week(smallint[], time, time);"),
        migrations.AddField(
            model_name="adtimeslot",
            name="weekdays",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.SmallIntegerField(
                    choices=[
                        (1, "Monday"),
                        (2, "Tuesday"),
                        (3, "Wednesday"),
                        (4, "Thursday"),
                        (5, "Friday"),
                        (6, "Saturday"),
                        (7, "Sunday"),
                    ]
                ),
                db_default=[1, 2, 3, 4, 5, 6, 7],
                default=ads.choices.every_day,
                size=None,
            ),
        ),
        migrations.AlterModelOptions(
            name="adtimeslot",
            options={"ordering": ["time_slot_start", "weekdays", "time_slot_id"]},
        ),
        migrations.AddConstraint(
            model_name="adtimeslot",
            constraint=campaign_studio.constraints.FieldCheck(
                condition=models.Q(("weekdays__len__gt", 0)), field="weekdays", name="time_slot_has_weekdays"
            ),
        ),
        migrations.AddConstraint(
            model_name="adtimeslot",
            constraint=campaign_studio.constraints.FieldCheck(
                condition=models.Q(
                    ("weekdays__contained_by", [1, 2, 3, 4, 5, 6, 7]),
                    django.db.models.lookups.Regex(
                        django.db.models.functions.comparison.Cast("weekdays", models.TextField()),
                        r"^\{1?(,?2)?(,?3)?(,?4)?(,?5)?(,?6)?(,?7)?\}$",
                    ),
                ),
                field="weekdays",
                name="time_slot_weekdays_are_sorted",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="adtimeslot",
            name="time_slots_of_an_ad_do_not_overlap",
        ),
        migrations.RunSQL(migrations.RunSQL.noop, MERGE),
        migrations.AddConstraint(
            model_name="adtimeslot",
            constraint=ads.constraints.SlotsDoNotOverlap(
                expressions=[
                    ("ad", "="),
                    (
                        models.Func(
                            "weekdays",
                            "time_slot_start",
                            "time_slot_end",
                            function="quarters_of_week",
                            output_field=ads.fields.IntegerMultirangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="time_slots_of_an_ad_do_not_overlap",
            ),
        ),
    ]
