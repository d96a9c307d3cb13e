"""What is deliverable is found once for each statement that changes time slots, ratings or targets, not for each row."""

from django.db import migrations

# What is deliverable of a campaign depends on all of its rows, and a body may list hundreds of them.
BY_STATEMENT = """
CREATE FUNCTION find_deliverable_ads_of_parts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed uuid[] := '{}';
BEGIN
    IF TG_OP <> 'DELETE' THEN
        changed := ARRAY(SELECT ad_id FROM new_rows);
    END IF;
    IF TG_OP <> 'INSERT' THEN
        changed := changed || ARRAY(SELECT ad_id FROM old_rows);
    END IF;
    PERFORM find_deliverable_ads(campaign_id)
        FROM (SELECT DISTINCT campaign_id FROM ads WHERE ad_id = ANY(changed) ORDER BY campaign_id) AS of_ads;
    RETURN NULL;
END
$$;
CREATE FUNCTION find_deliverable_places_of_targets() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed uuid[] := '{}';
BEGIN
    IF TG_OP <> 'DELETE' THEN
        changed := ARRAY(SELECT campaign_id FROM new_rows);
    END IF;
    IF TG_OP <> 'INSERT' THEN
        changed := changed || ARRAY(SELECT campaign_id FROM old_rows);
    END IF;
    changed := ARRAY(SELECT DISTINCT one FROM unnest(changed) AS one ORDER BY one);
    PERFORM 1 FROM campaigns WHERE campaign_id = ANY(changed) ORDER BY campaign_id FOR NO KEY UPDATE;
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM deliverable_places WHERE audience_id IN (SELECT audience_id FROM old_rows);
    END IF;
    PERFORM find_deliverable_places(one) FROM unnest(changed) AS one;
    RETURN NULL;
END
$$;
DROP TRIGGER slots_change_what_is_deliverable ON ad_time_slots;
DROP TRIGGER ratings_change_what_is_deliverable ON ad_content_ratings;
DROP TRIGGER targets_change_what_is_deliverable ON campaign_audience_targeting;
DROP FUNCTION find_deliverable_ads_of_part();
DROP FUNCTION find_deliverable_places_of_target();
"""
# As `0005_deliverable_ads` wrote it.
BY_ROW = """
CREATE FUNCTION find_deliverable_ads_of_part() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM find_deliverable_ads(campaign_id) FROM ads WHERE ad_id = NEW.ad_id;
    END IF;
    IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND OLD.ad_id <> NEW.ad_id THEN
        PERFORM find_deliverable_ads(campaign_id) FROM ads WHERE ad_id = OLD.ad_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION find_deliverable_places_of_target() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM campaigns WHERE campaign_id IN (OLD.campaign_id, NEW.campaign_id)
        ORDER BY campaign_id FOR NO KEY UPDATE;
    DELETE FROM deliverable_places WHERE audience_id = OLD.audience_id;
    PERFORM find_deliverable_places(NEW.campaign_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER targets_change_what_is_deliverable AFTER INSERT OR UPDATE OR DELETE ON campaign_audience_targeting
    FOR EACH ROW EXECUTE FUNCTION find_deliverable_places_of_target();
CREATE TRIGGER slots_change_what_is_deliverable AFTER INSERT OR UPDATE OR DELETE ON ad_time_slots FOR EACH ROW
    EXECUTE FUNCTION find_deliverable_ads_of_part();
CREATE TRIGGER ratings_change_what_is_deliverable AFTER INSERT OR UPDATE OR DELETE ON ad_content_ratings FOR EACH ROW
    EXECUTE FUNCTION find_deliverable_ads_of_part();
DROP FUNCTION find_deliverable_ads_of_parts();
DROP FUNCTION find_deliverable_places_of_targets();
"""
PARTS = [
    ("ad_time_slots", "slots", "find_deliverable_ads_of_parts"),
    ("ad_content_ratings", "ratings", "find_deliverable_ads_of_parts"),
    ("campaign_audience_targeting", "targets", "find_deliverable_places_of_targets"),
]
# A trigger with a transition table is for one event.
TRIGGER = """
CREATE TRIGGER {parts}_{event}_what_is_deliverable AFTER {event} ON {table} REFERENCING {rows}
    FOR EACH STATEMENT EXECUTE FUNCTION {function}();
"""
ROWS = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}
CREATE = "".join(
    TRIGGER.format(parts=parts, event=event, table=table, rows=rows, function=function)
    for table, parts, function in PARTS
    for event, rows in ROWS.items()
)
DROP = "".join(
    f"DROP TRIGGER {parts}_{event}_what_is_deliverable ON {table};\n"
    for table, parts, _function in PARTS
    for event in ROWS
)


class Migration(migrations.Migration):
    dependencies = [("ads", "0019_media_files"), ("campaigns", "0004_search")]

    operations = [migrations.RunSQL(BY_STATEMENT + CREATE, DROP + BY_ROW)]
