"""Django's settings, derived from the typed environment."""

from __future__ import annotations

from pathlib import Path

from csp.constants import NONCE, NONE, SELF

from webapp.settings.environment import BASE_DIR, database_settings, read_environment
from webapp.settings.logs import configure_logs

ENVIRONMENT = read_environment()
VERSION = "0.1.0"

OVERREAD_MODE = ENVIRONMENT.mode
OVERREAD_DATA_DIR = ENVIRONMENT.data_dir
OVERREAD_DATA_DIR.mkdir(parents=True, exist_ok=True)
OVERREAD_SPLIT_KEY = ENVIRONMENT.kept_secret("split_key")
OVERREAD_S3_BUCKET = ENVIRONMENT.s3_bucket
OVERREAD_TORCH_THREADS = ENVIRONMENT.torch_threads
OVERREAD_TRAINING_MEMORY_MIB = ENVIRONMENT.training_memory_mib
OVERREAD_TRAINING_DAYS = ENVIRONMENT.training_days
OVERREAD_UPLOAD_LIMIT_BYTES = ENVIRONMENT.upload_limit_mib * 1024 * 1024
OVERREAD_BODY_PATIENCE_SECONDS = ENVIRONMENT.body_patience_seconds
OVERREAD_HEAD_PATIENCE_SECONDS = ENVIRONMENT.head_patience_seconds
OVERREAD_TRUSTED_PROXIES = ENVIRONMENT.believed_proxies
OVERREAD_JOBS_WAKE = ENVIRONMENT.jobs_wake
OVERREAD_JOB_LEASE_SECONDS = ENVIRONMENT.job_lease_seconds
OVERREAD_ARRIVAL_QUIET_SECONDS = ENVIRONMENT.arrival_quiet_seconds
OVERREAD_REDIS_URL = ENVIRONMENT.redis_address

SECRET_KEY = ENVIRONMENT.kept_secret("secret_key")
DEBUG = False
PRODUCTION = OVERREAD_MODE == "production"
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts
CSRF_TRUSTED_ORIGINS = ENVIRONMENT.trusted_origins

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "axes",
    "channels",
    "core",
    "imaging",
    "annotations",
    "inference",
    "webapp",
]
MIDDLEWARE = [
    "webapp.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # Before the static files: a worker's script brings the policy of its worker.
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "webapp.urls"
ASGI_APPLICATION = "webapp.asgi.application"
WSGI_APPLICATION = "webapp.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "webapp" / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "csp.context_processors.nonce",
            ]
        },
    }
]

DATABASES = {"default": database_settings(ENVIRONMENT)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
LANGUAGE_CODE = "en"

# -- people ----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 5 / 60
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "webapp.api.authentication.client_address"
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True
SESSION_ENGINE = "webapp.sessions"
SESSION_COOKIE_AGE = ENVIRONMENT.session_hours * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "webapp.api.errors.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^api/v1/system/health$"]
SECURE_HSTS_SECONDS = 31536000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# The codecs of the viewer are WebAssembly ('wasm-unsafe-eval'); 8-bit JPEG frames are decoded through data: images,
# cursors are blob: images. Style elements of the component kit carry the nonce.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, "'wasm-unsafe-eval'"],
        "worker-src": [SELF],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "blob:", "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# -- files -----------------------------------------------------------------------------------------------------
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static-collected"
STATICFILES_DIRS = [FRONTEND_DIST] if FRONTEND_DIST.is_dir() else []
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/assets/.+$"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "blobs": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": ENVIRONMENT.s3_bucket,
            "endpoint_url": ENVIRONMENT.s3_endpoint_url or None,
            "access_key": ENVIRONMENT.s3_access_key_id,
            "secret_key": ENVIRONMENT.s3_secret_access_key,
            "region_name": ENVIRONMENT.s3_region or None,
            "location": "blobs",
            "default_acl": None,
            "file_overwrite": True,
        },
    }
    if OVERREAD_S3_BUCKET
    else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = str(OVERREAD_DATA_DIR / "staging")
Path(FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True)
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

# -- the API ---------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webapp.api.authentication.BearerAuthentication",
        "webapp.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["webapp.api.authentication.HasOwnPassword"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["webapp.api.parsing.JsonParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "webapp.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
KNOX_TOKEN_MODEL = "core.ApiToken"  # noqa: S105  (a model, not a token)
# Our own token model takes the place of the table of knox, which would only stand in the way.
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {"TOKEN_TTL": None, "AUTH_HEADER_PREFIX": "Bearer", "AUTO_REFRESH": False}
SPECTACULAR_SETTINGS = {
    "TITLE": "Overread",
    "VERSION": VERSION,
    "DESCRIPTION": "The JSON API of Overread. Images are served by DICOMweb below /dicomweb/.",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "webapp.api.schema.live_events",
    ],
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_NO_READ_ONLY_REQUIRED": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "RoleEnum": "core.roles.Role",
        "RegistrationMethodEnum": "webapp.api.registrations.METHODS",
        "GateVerdictEnum": "webapp.api.models.VERDICTS",
        "SplitEnum": "annotations.dataset.split.SPLITS",
        "WorkitemStateEnum": "annotations.models.Workitem.State",
        "ReadingStateEnum": "annotations.models.Reading.State",
        "StepKindEnum": "annotations.models.Step.Kind",
        "KindEnum": "webapp.api.findings.KIND_CHOICES",
        "ReasonEnum": "annotations.models.Review.Reason",
        "VersionStateEnum": "inference.models.ModelVersion.State",
        "RecipeEnum": "inference.engine.recipe_cards.RECIPES",
        "OperatingPointEnum": "webapp.api.models.POINTS",
        "FixedPlaceEnum": "inference.engine.map_report.FIXED_PLACES",
        "PredictionStateEnum": "inference.models.Prediction.State",
        "CaseAnswerStateEnum": "inference.outlook.ANSWER_STATES",
        "AnswerStateEnum": "inference.models.SaliencyMap.State",
        "JobStateEnum": "core.models.Job.State",
    },
    "SERVE_PERMISSIONS": ["webapp.api.authentication.HasOwnPassword"],
}

# -- messages --------------------------------------------------------------------------------------------------
if OVERREAD_REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            # redis-py 8 would close an idle subscription after five seconds.
            "CONFIG": {"hosts": [{"address": OVERREAD_REDIS_URL, "socket_timeout": None}], "prefix": "overread"},
        }
    }
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": OVERREAD_REDIS_URL}}
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

_FILE_BROKER = OVERREAD_DATA_DIR / "broker"
if ENVIRONMENT.celery_broker_url:
    CELERY_BROKER_URL = ENVIRONMENT.celery_broker_url
elif OVERREAD_REDIS_URL.startswith("unix://"):
    CELERY_BROKER_URL = "redis+socket://" + OVERREAD_REDIS_URL.removeprefix("unix://")
elif OVERREAD_REDIS_URL:
    CELERY_BROKER_URL = OVERREAD_REDIS_URL
else:
    CELERY_BROKER_URL = "filesystem://"
    for _folder in ("messages", "processed", "control"):
        (_FILE_BROKER / _folder).mkdir(parents=True, exist_ok=True)
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "data_folder_in": str(_FILE_BROKER / "messages"),
        "data_folder_out": str(_FILE_BROKER / "messages"),
        "processed_folder": str(_FILE_BROKER / "processed"),
        "control_folder": str(_FILE_BROKER / "control"),
        "polling_interval": 0.05,
    }
    if CELERY_BROKER_URL == "filesystem://"
    # The Job row decides who runs what, so a message may come again late: no training is begun twice.
    else {"visibility_timeout": 43200, "unacked_restore_interval": 2, "unacked_restore_throttle": 1}
)
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "cpu"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "sweep jobs": {"task": "webapp.sweep", "schedule": 5.0},
    "witness audit heads": {"task": "webapp.witness_audit", "schedule": 3600.0},
    "forget old events": {"task": "webapp.forget_events", "schedule": 3600.0},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(OVERREAD_DATA_DIR / "beat-schedule")

LOGGING_CONFIG = None
configure_logs(ENVIRONMENT.log_level)
# Our login view answers a lockout itself, in the one error shape, so the middleware of axes is not wanted.
SILENCED_SYSTEM_CHECKS = ["axes.W002"]
