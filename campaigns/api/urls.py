"""The URLs of the campaigns API."""

from rest_framework.routers import SimpleRouter

from campaigns.api.views import CampaignViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("campaigns", CampaignViewSet, basename="campaign")

urlpatterns = router.urls
