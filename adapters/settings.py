"""Configuration, read once per process at the composition roots. `.env.example` is this page in the shell's words."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.errors import SettingsInvalid


class Settings(BaseSettings):
    """Every `MENTORA_*` variable. Temporal's own (`TEMPORAL_ADDRESS`, ...) are read by Temporal's env-config."""

    model_config = SettingsConfigDict(env_prefix="MENTORA_", env_file=".env", extra="ignore", hide_input_in_errors=True)

    home: Path = Path(".mentora")

    # Real clusters. Left empty, `mentora up` starts an embedded server in the home and fills in its address.
    postgres_url: str = ""  # the application role's
    postgres_relay_url: str = ""  # the relay's own narrow role
    postgres_admin_url: str = ""  # may create roles and tables; migrations only
    redis_cache_url: str = ""
    redis_limits_url: str = ""
    temporal_ui_url: str = ""  # where people look at workflows; links to them begin with it
    postgres_pool_size: int = Field(default=4, ge=1, le=100)
    postgres_statement_cache_size: int = Field(default=100, ge=0)  # 0 behind a PgBouncer older than 1.21

    object_store_url: str = ""  # file:///folder or s3://bucket/prefix; empty: a folder in the home
    s3_endpoint: str = ""  # for stores that speak S3 and are not Amazon's
    s3_region: str = "us-east-1"
    s3_access_key_id: SecretStr = SecretStr("")
    s3_secret_access_key: SecretStr = SecretStr("")

    # A key in the environment alone never makes us spend: these choose.
    speech_provider: Literal["local", "openai"] = "local"
    speech_model: str = ""  # empty: the provider's default
    embedding_provider: Literal["local", "openai"] = "local"
    embedding_model: str = ""
    quiz_provider: Literal["local", "openai", "anthropic"] = "local"
    quiz_model: str = ""

    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = "https://api.openai.com/v1"
    anthropic_api_key: SecretStr = SecretStr("")
    anthropic_base_url: str = "https://api.anthropic.com"
    provider_timeout_seconds: float = Field(default=120, gt=0)

    max_video_hours: float = Field(default=4, gt=0)
    max_video_bytes: int = Field(default=20_000_000_000, gt=0)
    download_timeout_seconds: float = Field(default=3_600, gt=0)
    # Hosts the downloader may fetch though they are not public: a store inside one's own network, the tests.
    download_allowed_hosts: tuple[str, ...] = ()

    # The gateway.
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8_000, ge=0, le=65_535)
    api_url: str = ""  # where clients reach it, for links that it gives out; empty: as the request came
    api_postgres_pool_size: int = Field(default=8, ge=1, le=100)
    api_allowed_origins: tuple[str, ...] = ()  # browsers' pages that may call it (CORS)
    development_key_file: str = ""  # tokens of `mentora token` are good where it is set
    whop_app_id: str = ""  # user tokens of this app are good; empty: Whop is not used
    whop_api_key: SecretStr = SecretStr("")  # the app's own, to ask who is a member
    whop_webhook_secrets: tuple[SecretStr, ...] = ()  # any of them is good: two during rotation
    whop_base_url: str = "https://api.whop.com/api/v1"
    whop_jwks_url: str = "https://api.whop.com/.well-known/jwks.json"
    chat_provider: Literal["local", "openai", "anthropic"] = "local"
    chat_model: str = ""
    # Addresses of videos are signed with the first and read with any; empty: one is made beside the development key.
    media_signing_secrets: tuple[Annotated[SecretStr, Field(min_length=32)], ...] = ()

    transcription_processes: int = Field(default=0, ge=0)  # 0: one per core
    log_format: Literal["json", "text"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @cached_property
    def home_path(self) -> Path:
        """The state folder, absolute: children of this process run in other working folders."""
        return self.home.expanduser().absolute()


def load_settings() -> Settings:
    """Read the environment and `.env`.

    Raises: SettingsInvalid, naming each variable and never its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"MENTORA_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        raise SettingsInvalid("; ".join(lines)) from None


def names_temporal(environment: Mapping[str, str]) -> bool:
    """Whether Temporal's own variables name a server, so that none is started here."""
    return any(environment.get(f"TEMPORAL_{name}") for name in ("ADDRESS", "CONFIG_FILE", "PROFILE"))
