"""Ads that show uploaded files: the file exists and fits, and stays as long as an ad needs it."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ads import media
from ads.choices import MediaType
from ads.models.media_files import MediaFile
from ads.uploads.kinds import check_pixels

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from ads.models import Ad

# A change of one of them is checked. Stored ads may stay as they are.
WHAT_SHOWS = ("media_url", "media_type", "ad_type_id")
NO_SUCH_FILE = _("There is no uploaded file at this URL. Upload it, and use the media_url of the answer.")


def check_upload(ad: "Ad") -> None:
    """Raise ValidationError unless the uploaded file that the ad shows exists and fits. Takes a query only for one."""
    if not media.is_uploaded(ad.media_url) or ad.media_type not in media.NEEDS_URL:
        return
    name = _name(ad)
    file = MediaFile.objects.filter(pk=name.partition(".")[0]).first()
    if file is None or file.name != name:
        raise _refusal(NO_SUCH_FILE, "no_such_file")
    if file.media_type != ad.media_type:
        message = gettext("This file is of the media type “%(type)s”. Choose it for the ad, or another file.")
        raise _refusal(message, "file_of_other_type", type=MediaType(file.media_type).label)
    try:
        check_pixels(file.media_type, file.width, file.height, ad.ad_type_id)
    except ValidationError as error:
        raise ValidationError({"media_url": error}) from error


def hold_upload(ad: "Ad") -> None:
    """Keep `prune_media` from deleting the file until the transaction ends.

    Raises ValidationError if it has just been deleted.
    """
    if media.is_uploaded(ad.media_url) and ad.media_type in media.NEEDS_URL:
        held = MediaFile.objects.select_for_update(no_key=True).filter(pk=_name(ad).partition(".")[0])
        if not held.values_list("pk").first():
            raise _refusal(NO_SUCH_FILE, "no_such_file")


def _name(ad: "Ad") -> str:
    """What follows the path of uploaded files in the URL."""
    return str(ad.media_url).partition(settings.MEDIA_URL)[2]


def _refusal(message: "StrOrPromise", code: str, **params: object) -> ValidationError:
    return ValidationError({"media_url": ValidationError(message, code=code, params=params)})
