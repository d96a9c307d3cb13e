"""The settings of the tests: their own keys, a fast password hash, and never a developer's `.env`."""

import os
from tempfile import TemporaryDirectory

os.environ |= {
    "READ_DOT_ENV": "false",
    "DEBUG": "false",
    "SECRET_KEY": "tests-only-secret-key-of-more-than-32-characters",
    "ENCRYPTION_KEY": "tests-only-encryption-key-of-more-than-32-characters",
    "PUBLIC_URL": "https://studio.example.com",
    "DELIVERY_KEYS": "tests-only-delivery-key-of-more-than-32-characters",
    "SEAL_KEYS": "tests-only-key-of-seals-of-more-than-32-characters",
    # The tests of this file set their own.
    "AUDIT_HEADS": "",
    "SECURE_SSL_REDIRECT": "false",
    "REGISTRATION_OPEN": "true",
    "EMAIL_URL": "memorymail://",
    # The tests of rate limits set their own.
    "THROTTLE_ANON": "1000000/min",
    "THROTTLE_USER": "1000000/min",
    "THROTTLE_CONSOLE": "1000000/min",
    "THROTTLE_DEVICE": "1000000/min",
    "LOGIN_FAILURE_LIMIT": "5",
    "CACHE_URL": "locmemcache://",
    # Loading all cities of the world takes seconds.
    "GAZETTEER_FROM": "15000",
    # Many threads on a busy machine need time. The tests of faults set their own timeout.
    "DATABASE_POOL_TIMEOUT": "60",
    "DATABASE_STATEMENT_TIMEOUT": "60",
    "DATABASE_LOCK_TIMEOUT": "60",
    "DATABASE_IDLE_TRANSACTION_TIMEOUT": "600",
}

from campaign_studio.settings import *  # noqa: F403 - the settings under test, with the environment above

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Uploaded files of this process.
UPLOADS = TemporaryDirectory()
STORAGES["default"]["OPTIONS"]["location"] = UPLOADS.name  # noqa: F405
# A test's commits needn't survive a power cut.
DATABASES["default"]["OPTIONS"]["options"] += " -c synchronous_commit=off"  # noqa: F405
# Each test's client builds the middleware again, which would otherwise list a thousand static files each time.
WHITENOISE_AUTOREFRESH = True
