"""Django's settings, made from the typed environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from steward.config import environment
from steward.config.secret import keep_secret

ENV = environment.load()
DEBUG = ENV.debug
SECRET_KEY = ENV.secret_key or keep_secret(ENV.data)
_public = urlsplit(ENV.public_url)
ALLOWED_HOSTS = [*{_public.hostname or "localhost", "127.0.0.1", "localhost", "[::1]", *ENV.allowed_hosts}]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "pgtrigger",
    "pghistory",
    "procrastinate.contrib.django",
    "steward.foundation.ui",
    "steward.foundation.database",
    "steward.foundation.due",
    "steward.foundation.history",
    "steward.foundation.jobs",
    "steward.people.audit",
    "steward.people.accounts",
    "steward.people.views",
    "steward.people.workforce",
    "steward.estate.configuration",
    "steward.signals.alerts",
    "steward.response.notifications",
    "steward.response.ledger",
    "steward.response.oncall",
    "steward.response.incidents",
    "steward.response.suppression",
    "steward.response.triage",
    "steward.response.timemachine",
    "steward.response.shadow",
    "steward.response.debt",
    "steward.response.receipts",
    "steward.response.burden",
    "steward.response.readiness",
    "steward.response.moving",
    "steward.web",
]

MIDDLEWARE = [
    "steward.foundation.rest.middleware.RequestIdentity",
    "django.middleware.security.SecurityMiddleware",
    "steward.foundation.rest.middleware.SecurityHeaders",
    "steward.foundation.ui.statics.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "steward.people.accounts.middleware.ActorMiddleware",
    "steward.people.views.middleware.FirstViews",
    "steward.foundation.rest.middleware.ErrorPages",
]

ROOT_URLCONF = "steward.config.urls"
ASGI_APPLICATION = "steward.config.asgi.application"
# Path prefixes that are served before Django: the ingest door must not pay for sessions and templates.
ASGI_MOUNTS = {"/in/": "steward.signals.alerts.ingest.asgi:application"}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        # The set-up pages of sources, which live in the sources' own folders.
        "DIRS": [Path(__file__).resolve().parent.parent / "signals" / "alerts" / "ingest" / "sources"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "steward.foundation.ui.context_processors.shell",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "steward.foundation.ui.templatetags.ui",
            ],
        },
    }
]


def database(url: str, pool: int) -> dict[str, Any]:
    """Django's form of a ``postgresql://`` address; a host in the query string may be a socket folder."""
    parts = urlsplit(url)
    options: dict[str, Any] = {"connect_timeout": "5", **dict(parse_qsl(parts.query))}
    host = options.pop("host", None) or unquote(parts.hostname or "")
    if pool:
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 20, "max_idle": 120}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


DATABASES = {"default": database(ENV.database_url or "postgresql://steward@/steward", ENV.database_pool)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]

_secure = _public.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "steward.foundation.rest.middleware.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

LANGUAGE_CODE = ENV.language
LANGUAGES = list(environment.LANGUAGES.items())
LOCALE_PATHS = [Path(__file__).resolve().parent.parent / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "steward.foundation.ui.statics.VersionedStorage"},
}
# Files are served where they are installed; their compressed twins are kept here.
STATIC_TWINS = str((ENV.data / "static").absolute())
WHITENOISE_USE_FINDERS = True


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"secrets": {"()": "steward.foundation.secretpaths.SecretPaths"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]}},
    "root": {"handlers": ["console"], "level": ENV.log_level},
    "loggers": {"procrastinate": {"level": "WARNING"}, "apprise": {"level": "ERROR"}, "httpx": {"level": "WARNING"}},
}
