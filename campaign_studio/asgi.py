"""The ASGI entry point, for hosts without WSGI. This project is faster with WSGI: see `wsgi.py`."""

import os

from django.core.asgi import get_asgi_application

from campaign_studio.loopback import refuse_debug_beyond_this_computer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaign_studio.settings")

application = get_asgi_application()
refuse_debug_beyond_this_computer()
