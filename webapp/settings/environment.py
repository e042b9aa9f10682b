"""The environment, read once, typed and checked. Nothing else in the house reads environment variables."""

from __future__ import annotations

import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from pydantic import Field, IPvAnyNetwork, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from webapp import broker

BASE_DIR = Path(__file__).resolve().parent.parent.parent
_SECRET_BYTES = 48


class Environment(BaseSettings):
    """Every variable that Overread reads; see docs/operations.md for the table."""

    model_config = SettingsConfigDict(env_prefix="OVERREAD_", extra="ignore", populate_by_name=True)

    mode: Literal["demo", "development", "production"] = "development"
    data_dir: Path = BASE_DIR / "var"
    secret_key: str = ""
    split_key: str = Field("", description="Keys the patient-level split; changing it moves patients between splits.")
    allowed_hosts: Annotated[list[str], NoDecode] = ["localhost", "127.0.0.1", "[::1]"]
    trusted_origins: Annotated[list[str], NoDecode] = []
    behind_proxy: bool = False
    trusted_proxies: Annotated[list[IPvAnyNetwork], NoDecode] = []
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    database_url: str = Field("", validation_alias="DATABASE_URL")
    redis_url: str = Field("", validation_alias="REDIS_URL")
    celery_broker_url: str = Field("", validation_alias="CELERY_BROKER_URL")
    broker: Literal["auto", "valkey", "filesystem"] = "auto"
    valkey_socket: str = Field("", description="Set by the supervisor for the processes it starts.")
    jobs_wake: Literal["broker", "none"] = "broker"
    job_lease_seconds: Annotated[float, Field(ge=2, le=3600)] = 30.0

    arrival_quiet_seconds: Annotated[float, Field(ge=0, le=60)] = 5.0

    s3_bucket: str = ""
    s3_endpoint_url: str = ""
    s3_access_key_id: str = ""
    s3_secret_access_key: str = ""
    s3_region: str = ""

    torch_threads: Annotated[int, Field(ge=1, le=256)] = 1
    training_memory_mib: Annotated[int, Field(ge=0, le=2**24)] = 0
    training_days: Annotated[float, Field(ge=0.01, le=365)] = 7.0
    upload_limit_mib: Annotated[int, Field(ge=1, le=102400)] = 2048
    body_patience_seconds: Annotated[float, Field(ge=0.1, le=3600)] = 30.0
    head_patience_seconds: Annotated[float, Field(ge=0.1, le=3600)] = 15.0
    session_hours: Annotated[int, Field(ge=1, le=168)] = 12

    @field_validator("allowed_hosts", "trusted_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"postgres", "postgresql", "sqlite"}:
            raise ValueError("must begin with postgres:// or sqlite:///")
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @model_validator(mode="after")
    def _production_has_its_own_secrets(self) -> Environment:
        if self.mode == "production":
            for name in ("secret_key", "split_key"):
                if len(getattr(self, name)) < 50:
                    raise ValueError(
                        f"OVERREAD_{name.upper()} must be set to at least 50 random characters in production"
                    )
            if "*" in self.allowed_hosts:
                raise ValueError("OVERREAD_ALLOWED_HOSTS must name the hosts in production, not *")
        if self.s3_bucket and not (self.s3_access_key_id and self.s3_secret_access_key):
            raise ValueError("OVERREAD_S3_BUCKET needs OVERREAD_S3_ACCESS_KEY_ID and OVERREAD_S3_SECRET_ACCESS_KEY")
        return self

    @property
    def believed_proxies(self) -> list[IPvAnyNetwork]:
        """Return the networks whose forwarding headers are believed: those named, else this machine, else none."""
        loopback = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
        return self.trusted_proxies or (loopback if self.behind_proxy else [])

    @property
    def redis_address(self) -> str:
        """Return where the broker answers: the one named, else the bundled one of a house that runs on this folder.

        So a command that is started beside ``serve`` wakes the workers of that house.
        """
        if self.redis_url or self.broker == "filesystem":
            return self.redis_url
        if self.valkey_socket:
            return f"unix://{self.valkey_socket}"
        running = broker.socket_path(self.data_dir)
        return f"unix://{running}" if running.exists() and broker.answers(running) else ""

    def kept_secret(self, name: str) -> str:
        """Return a secret from the environment, or one that was made at random and kept in the data folder."""
        given: str = getattr(self, name)
        if given:
            return given
        path = self.data_dir / "secrets" / name
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = path.with_suffix(f".{secrets.token_hex(4)}")
            fresh.write_text(secrets.token_urlsafe(_SECRET_BYTES))
            fresh.chmod(0o600)
            try:
                path.hardlink_to(fresh)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return path.read_text()


def read_environment() -> Environment:
    """Read and check the environment.

    Raises:
        ImproperlyConfigured: one sentence for each variable that is missing or wrong.
    """
    try:
        return Environment()
    except ValidationError as error:
        sentences = []
        for problem in error.errors():
            where = str(problem["loc"][0]) if problem["loc"] else ""
            name = where if where.isupper() else f"OVERREAD_{where.upper()}" if where else ""
            message = problem["msg"].removeprefix("Value error, ")
            sentences.append(f"{name}: {message}" if name else message)
        raise ImproperlyConfigured("The environment is not right. " + "; ".join(sentences) + ".") from None


def database_settings(environment: Environment) -> dict[str, object]:
    """Return Django's DATABASES["default"] for the environment: SQLite in the data folder unless told otherwise."""
    url = urlsplit(environment.database_url)
    if url.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path.lstrip("/")),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": unquote(url.hostname or ""),
            "PORT": str(url.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }
    name = unquote(url.path[1:]) if url.scheme == "sqlite" else str(environment.data_dir / "overread.sqlite3")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        # Tests run on a file too: a database in memory has no write-ahead log and other locks.
        "TEST": {"NAME": str(environment.data_dir / "test.sqlite3")},
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;",
        },
    }
