"""The only reader of the environment.

`HANGAR_*` variables set the fields below; the five service URLs keep the names that every deployment tool
already knows (`DATABASE_URL`, …). The production profile refuses to start on a default secret.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEV_SECRET = "dev-only-secret-change-me-dev-only-secret"  # noqa: S105 refused by the production profile


def _psycopg(url: str) -> str:
    """SQLAlchemy wants the driver in the scheme; operators write plain `postgres(ql)://`."""
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="HANGAR_", extra="ignore", frozen=True)

    profile: Literal["dev", "production"] = "dev"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"

    database_url: str = Field("", validation_alias=AliasChoices("DATABASE_URL"))
    database_owner_url: str = Field("", validation_alias=AliasChoices("DATABASE_OWNER_URL"))
    ops_database_url: str = Field("", validation_alias=AliasChoices("OPS_DATABASE_URL"))
    database_direct_url: str = Field("", validation_alias=AliasChoices("DATABASE_DIRECT_URL"))
    redis_url: str = Field("", validation_alias=AliasChoices("REDIS_URL"))

    secret_key: SecretStr = SecretStr(DEV_SECRET)
    previous_secret_keys: list[SecretStr] = []
    bootstrap_token: SecretStr | None = None
    access_token_seconds: int = Field(900, ge=60, le=86_400)
    refresh_token_days: int = Field(30, ge=1, le=365)

    pool_size: int = Field(12, ge=2, le=64)
    pool_timeout_seconds: float = Field(2.0, gt=0)
    max_body_bytes: int = Field(10 * 1024 * 1024, ge=1024)

    rate_limit_enabled: bool = True
    rate_limit_per_second: int = Field(200, ge=1)
    rate_limit_burst: int = Field(1000, ge=1)
    anonymous_rate_limit_per_second: int = Field(20, ge=1)
    anonymous_rate_limit_burst: int = Field(60, ge=1)
    login_attempts_per_minute: int = Field(10, ge=1)

    cors_origins: list[str] = []
    public_url: str = ""
    inspection_url: str = ""  # where an inspection asks a running server; public_url when empty
    advisory_file: str = ""  # known holes of packages, JSON in the OSV schema; read by inspections
    egress_allow_private: bool = False
    trace_endpoint: str = ""
    backup_dir: Path = Path(".hangar/backups")  # relative: below the checkout
    backup_s3_endpoint: str = ""  # https://host[:port]; empty: no bucket
    backup_s3_bucket: str = "hangar-backups"
    backup_s3_region: str = "us-east-1"
    backup_s3_access_key: str = ""
    backup_s3_secret_key: SecretStr = SecretStr("")
    backup_keep_last: int = Field(30, ge=1)
    smtp_url: SecretStr = SecretStr("")  # smtp://user:password@host:587?starttls=true, or smtps://
    smtp_from: str = "hangar@localhost"
    platform_tenant: str | None = None  # whose signals Hangar's own metrics are; `demo` in dev, "" for none
    worker_metrics_port: int = Field(0, ge=0, le=65_535)  # 0: the worker shows none; else on every interface

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.profile == "production":
            if (
                self.secret_key.get_secret_value() == DEV_SECRET
                or len(self.secret_key.get_secret_value()) < 32
            ):
                raise ValueError("HANGAR_SECRET_KEY must be a secret of your own of at least 32 characters")
            if self.bootstrap_token is None or len(self.bootstrap_token.get_secret_value()) < 32:
                raise ValueError("HANGAR_BOOTSTRAP_TOKEN must be set, at least 32 characters")
            if self.egress_allow_private:
                raise ValueError("HANGAR_EGRESS_ALLOW_PRIVATE lets webhooks reach the inside of your network")
            if "*" in self.cors_origins:
                raise ValueError("HANGAR_CORS_ORIGINS must name origins, not *")
        return self

    @property
    def observed_tenant(self) -> str:
        """The name of the tenant that Hangar's own metrics are stored for; "" when there is none."""
        if self.platform_tenant is None:
            return "demo" if self.profile == "dev" else ""
        return self.platform_tenant

    @property
    def app_dsn(self) -> str:
        return _psycopg(self.database_url)

    @property
    def owner_dsn(self) -> str:
        return _psycopg(self.database_owner_url or self.database_url)

    @property
    def direct_url(self) -> str:
        """A libpq URL that reaches a server session (LISTEN does not survive transaction pooling)."""
        return self.database_direct_url or self.database_url


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    return Settings()
