"""The URLs of the advertisers API."""

from rest_framework.routers import SimpleRouter

from advertisers.api import views

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("advertisers", views.AdvertiserViewSet, basename="advertiser")
router.register("advertisers/<uuid:advertiser_id>/contacts", views.ContactViewSet, basename="contact")
router.register("advertisers/<uuid:advertiser_id>/bank-accounts", views.BankAccountViewSet, basename="bank-account")

urlpatterns = router.urls
