"""Makes the OpenAPI document in a process of its own: `python -m campaign_studio.api.schema.making LANGUAGE` prints it.

A process that makes it keeps more than 10 MB of memory.
"""

import os
import subprocess
import sys

import django
from django.conf import settings
from django.utils.translation import override

# In seconds. It takes one or two.
LONGEST = 120


def make(language: str) -> bytes:
    """The OpenAPI document as JSON. Raises SubprocessError if it can't be made."""
    command = [sys.executable, "-m", "campaign_studio.api.schema.making", language]
    made = subprocess.run(  # noqa: S603 - fixed words, and a language of the settings
        command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, timeout=LONGEST, check=True
    )
    return made.stdout


def written(language: str) -> bytes:
    """The document, made by this process."""
    # They need the settings.
    from drf_spectacular.generators import SchemaGenerator
    from rest_framework.renderers import JSONRenderer

    with override(language):
        # Rendered here, because some of its texts are lazy.
        return JSONRenderer().render(SchemaGenerator().get_schema(public=True))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaign_studio.settings")
    django.setup()
    sys.stdout.buffer.write(written(sys.argv[1]))
