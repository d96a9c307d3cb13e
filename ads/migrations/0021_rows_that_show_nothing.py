"""A change to a row that keeps its ads from showing, both before and after, doesn't find anew what may show."""

from django.db import migrations

# As `ads.delivery.triggers.trigger_sql()` wrote it. The function is the same as before.
KEEP = """
CREATE OR REPLACE TRIGGER campaigns_change_what_is_deliverable AFTER UPDATE ON campaigns FOR EACH ROW
    WHEN ((OLD.campaign_end_date, OLD.campaign_expiry_date, OLD.campaign_max_view_count, OLD.campaign_max_view_duration_unit, OLD.campaign_max_view_duration_value, OLD.campaign_start_date, OLD.campaign_status)
        IS DISTINCT FROM (NEW.campaign_end_date, NEW.campaign_expiry_date, NEW.campaign_max_view_count, NEW.campaign_max_view_duration_unit, NEW.campaign_max_view_duration_value, NEW.campaign_start_date, NEW.campaign_status)
        AND ((OLD."campaign_status" = 'active') OR (NEW."campaign_status" = 'active')))
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();

CREATE OR REPLACE TRIGGER ads_change_what_is_deliverable AFTER UPDATE ON ads FOR EACH ROW
    WHEN ((OLD.ad_advertiser_forwarding_url, OLD.ad_end_date, OLD.ad_expiry_date, OLD.ad_id, OLD.ad_impression_duration_unit, OLD.ad_impression_duration_value, OLD.ad_in_view_duration_unit, OLD.ad_in_view_duration_value, OLD.ad_name, OLD.ad_start_date, OLD.ad_status, OLD.ad_type_id, OLD.campaign_id, OLD.media_content, OLD.media_type, OLD.media_url, OLD.moderation_status)
        IS DISTINCT FROM (NEW.ad_advertiser_forwarding_url, NEW.ad_end_date, NEW.ad_expiry_date, NEW.ad_id, NEW.ad_impression_duration_unit, NEW.ad_impression_duration_value, NEW.ad_in_view_duration_unit, NEW.ad_in_view_duration_value, NEW.ad_name, NEW.ad_start_date, NEW.ad_status, NEW.ad_type_id, NEW.campaign_id, NEW.media_content, NEW.media_type, NEW.media_url, NEW.moderation_status)
        AND ((OLD."ad_status" = 'active' AND OLD."moderation_status" = 'approved') OR (NEW."ad_status" = 'active' AND NEW."moderation_status" = 'approved')))
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();
"""
# As `0016_documents_of_deliverable_ads` wrote it.
KEPT_BEFORE = """
CREATE OR REPLACE TRIGGER campaigns_change_what_is_deliverable AFTER UPDATE ON campaigns FOR EACH ROW
    WHEN ((OLD.campaign_end_date, OLD.campaign_expiry_date, OLD.campaign_max_view_count, OLD.campaign_max_view_duration_unit, OLD.campaign_max_view_duration_value, OLD.campaign_start_date, OLD.campaign_status)
        IS DISTINCT FROM (NEW.campaign_end_date, NEW.campaign_expiry_date, NEW.campaign_max_view_count, NEW.campaign_max_view_duration_unit, NEW.campaign_max_view_duration_value, NEW.campaign_start_date, NEW.campaign_status))
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();

CREATE OR REPLACE TRIGGER ads_change_what_is_deliverable AFTER UPDATE ON ads FOR EACH ROW
    WHEN ((OLD.ad_advertiser_forwarding_url, OLD.ad_end_date, OLD.ad_expiry_date, OLD.ad_id, OLD.ad_impression_duration_unit, OLD.ad_impression_duration_value, OLD.ad_in_view_duration_unit, OLD.ad_in_view_duration_value, OLD.ad_name, OLD.ad_start_date, OLD.ad_status, OLD.ad_type_id, OLD.campaign_id, OLD.media_content, OLD.media_type, OLD.media_url, OLD.moderation_status)
        IS DISTINCT FROM (NEW.ad_advertiser_forwarding_url, NEW.ad_end_date, NEW.ad_expiry_date, NEW.ad_id, NEW.ad_impression_duration_unit, NEW.ad_impression_duration_value, NEW.ad_in_view_duration_unit, NEW.ad_in_view_duration_value, NEW.ad_name, NEW.ad_start_date, NEW.ad_status, NEW.ad_type_id, NEW.campaign_id, NEW.media_content, NEW.media_type, NEW.media_url, NEW.moderation_status))
    EXECUTE FUNCTION find_deliverable_ads_of_campaign();
"""


class Migration(migrations.Migration):
    dependencies = [("ads", "0020_parts_are_counted_by_statement")]

    operations = [migrations.RunSQL(KEEP, KEPT_BEFORE)]
