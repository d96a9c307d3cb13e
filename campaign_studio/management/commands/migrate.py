"""Django's `migrate`, which here ignores changes to labels, help texts and messages, and loads the gazetteer."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from campaign_studio.database.schema_changes import SchemaAutodetector
from campaign_studio.database.timeouts import lift_statement_timeout, restore_statement_timeout
from campaign_studio.management.same_places import pairs_of_same_places
from campaign_studio.places.gazetteer import load_gazetteer
from campaigns.models import CampaignAudienceTargeting


class Command(migrate.Command):
    """Compares the models by SchemaAutodetector."""

    autodetector = SchemaAutodetector

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate. If that leads to the present schema, load the gazetteer and renew the keys of all targets.

        Then report the pairs of entries that now mean the same place. What was typed isn't changed.
        """
        super().handle(*args, **options)
        executor = MigrationExecutor(connection)
        is_present = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        if is_present and not options["plan"]:
            # Django's `migrate` has restored the limit.
            lift_statement_timeout()
            is_new = load_gazetteer(then=CampaignAudienceTargeting.objects.all().rekey)
            pairs = pairs_of_same_places() if is_new and options["verbosity"] > 0 else []
            restore_statement_timeout()
            for line in pairs:
                self.stdout.write(line)
