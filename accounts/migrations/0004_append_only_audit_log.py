"""The logs only grow, and every audit entry waits for its seal."""

from django.db import migrations, models

LOGS = ("audit_log", "audit_seals", "security_events")

REFUSE = """
CREATE FUNCTION refuse_to_rewrite_a_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' AND current_setting('app.audit_retention', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% on % is refused: the log only grows. Old entries are removed by manage.py prune_audit_log.',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$
"""
GUARD = """
CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite_a_log();
CREATE TRIGGER {table}_is_never_emptied BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_a_log();
"""
UNGUARD = "DROP TRIGGER {table}_only_grows ON {table}; DROP TRIGGER {table}_is_never_emptied ON {table};"

QUEUE = """
CREATE FUNCTION have_the_entry_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_entries_to_seal (entry_id) VALUES (NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER audit_log_is_sealed AFTER INSERT ON audit_log
    FOR EACH ROW EXECUTE FUNCTION have_the_entry_sealed();
INSERT INTO audit_entries_to_seal (entry_id) SELECT id FROM audit_log;
"""
UNQUEUE = "DROP TRIGGER audit_log_is_sealed ON audit_log; DROP FUNCTION have_the_entry_sealed();"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_sessions_and_sign_in")]

    operations = [
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.BigIntegerField(unique=True)),
                ("seal", models.CharField(max_length=64)),
            ],
            options={"db_table": "audit_seals", "ordering": ["position"]},
        ),
        migrations.CreateModel(
            name="AuditEntryToSeal",
            fields=[("entry_id", models.BigIntegerField(primary_key=True, serialize=False))],
            options={"db_table": "audit_entries_to_seal", "ordering": ["entry_id"]},
        ),
        migrations.RunSQL(REFUSE, "DROP FUNCTION refuse_to_rewrite_a_log()"),
        *[migrations.RunSQL(GUARD.format(table=table), UNGUARD.format(table=table)) for table in LOGS],
        migrations.RunSQL(QUEUE, UNQUEUE),
    ]
