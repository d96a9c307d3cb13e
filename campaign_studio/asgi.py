"""The ASGI entry point, for hosts without WSGI. This project is faster with WSGI: see `wsgi.py`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaign_studio.settings")

application = get_asgi_application()
