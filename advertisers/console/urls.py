"""URLs of the advertiser pages outside a ModelAdmin, relative to `/admin/`, in the namespace `admin`."""

from django.urls import path

from advertisers.console.bank_accounts import RevealView

urlpatterns = [
    path(
        "advertisers/advertiser/<uuid:advertiser_id>/bank-accounts/<uuid:bank_id>/reveal/",
        RevealView.as_view(),
        name="advertisers_bank_account_reveal",
    )
]
