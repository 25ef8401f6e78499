"""Settings from the environment; an unknown, misspelt or unsafe one stops the start instead of being ignored."""

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shimin.kit.refusal import Refusal

PREFIX = "SHIMIN_"
SECRET_CHARS_MIN = 32
FOREIGN_PREFIXES = ("SHIMIN_TEST_", "SHIMIN_BENCH_")
"""Read by the test and benchmark commands, not by the platform."""


class InvalidSettings(Refusal):
    """A setting is unknown, of the wrong type or unsafe for the chosen mode."""

    code = "INVALID_SETTINGS"
    problems: str


class SourceSettings(BaseModel):
    """Where a department's system of record is reached; the secret never leaves the core."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    secret: SecretStr | None = None
    """Shared secret; when absent it is read from ``<data_dir>/secrets/source-<name>``."""


class Settings(BaseSettings):
    """Everything an installation can choose. Each key is an environment variable ``SHIMIN_<KEY>``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=True
    )

    mode: Literal["development", "production"] = "development"
    """``production`` refuses every convenience of development (SQLite, printed codes, unjailed sandbox)."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 picks a free one."""
    public_url: str = ""
    """Address citizens' phones use; empty: ``http://<host>:<port>``. Issuer of tokens."""
    data_dir: Path = Path("data")
    """Folder for the embedded database, keys, files and built mini-apps."""
    database_url: SecretStr = SecretStr("")
    """``sqlite:///path`` or ``postgres://user:password@host:port/name``; empty: SQLite in ``data_dir``."""
    database_pool_size: int = Field(default=10, ge=1, le=200)
    """Connections to PostgreSQL per process, writers and readers each."""
    redis_url: SecretStr = SecretStr("")
    """``redis://host:port/0``; empty: cache and hints stay inside the process."""
    s3_url: str = ""
    """Endpoint of an S3 object store; empty: files in ``data_dir``."""
    s3_bucket: str = "shimin"
    """Bucket for files."""
    s3_region: str = "us-east-1"
    """Region sent to the object store."""
    s3_access_key: SecretStr = SecretStr("")
    """Access key of the object store."""
    s3_secret_key: SecretStr = SecretStr("")
    """Secret key of the object store."""
    worker: Literal["embedded", "separate"] = "embedded"
    """Whether the server relays facts itself or leaves that to ``shimin worker`` processes."""
    sources: dict[str, SourceSettings] = Field(default_factory=dict)
    """Departments' systems of record by name: ``SHIMIN_SOURCES__HRSS__URL``, ``…__SECRET``."""
    sources_file: Path | None = None
    """TOML file that registers sources' operations; empty: the demonstration city's, in production none."""
    connector_origins: dict[str, str] = Field(default_factory=dict)
    """Where mini-apps' connectors lead while developing, by declared origin:
    ``{"https://api.hrss.example": "http://127.0.0.1:8103"}``; production refuses any."""
    demo_department_url: str = "http://127.0.0.1:8101"
    """The demonstration's department: stands in for every source without an address of its own."""
    notify_url: str = ""
    """The operator's gateway for text messages; empty in development: texts are printed and shown at /dev/inbox."""
    notify_secret: SecretStr = SecretStr("")
    """Shared with the gateway: signs each request, at least 32 characters."""
    channel_url: str = "http://127.0.0.1:8102"
    """The payment channel (the emulator in development)."""
    body_bytes_max: int = Field(default=256 * 1024, ge=1024, le=10 * 1024 * 1024)
    """Largest request body taken by the GraphQL endpoint."""
    web_origins: list[str] = []
    """Origins of other sites whose pages may call the GraphQL endpoint, such as ``["https://portal.example"]``."""
    request_timeout_s: float = Field(default=10.0, gt=0, le=60)
    """Time one GraphQL request may take in all."""
    engine_tier: Literal["compiled", "batched", "stock"] = "compiled"
    """The fastest way in which documents may run; a slower one is a way around a fault of a faster one."""
    engine_keep_public: bool = True
    """Keep the parts of answers that are the same for everybody, until a fact changes them."""
    engine_batch_max: int = Field(default=32, ge=1, le=256)
    """Callers who wait for the same statement and are answered by one round trip; 1: each by their own."""
    document_cost_max: int = Field(default=10_000, ge=100, le=1_000_000)
    """Points that one GraphQL document may cost; about 30 µs of processor time each where its resolvers run."""
    document_budget: int = Field(default=120_000, ge=1_000, le=1_000_000_000)
    """Points that a signed-in caller may spend in a minute on documents that are not trusted."""
    document_budget_anonymous: int = Field(default=60_000, ge=1_000, le=1_000_000_000)
    """The same for all callers together who are not signed in and come from one network address."""
    payment_chase_after_s: float = Field(default=15.0, gt=0, le=86_400)
    """Age at which a confirmed payment without an outcome is asked about at the channel."""
    sandbox_unjailed: bool = False
    """Run mini-apps without Landlock and seccomp where the kernel lacks them; development only."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged."""

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        """Refuse what must never serve citizens."""
        if self.mode == "production":
            problems = [
                text
                for wrong, text in (
                    (self.is_sqlite, "SHIMIN_DATABASE_URL must name PostgreSQL"),
                    (not self.public_url.startswith("https://"), "SHIMIN_PUBLIC_URL must be an https address"),
                    (not self.notify_url.startswith("https://"), "SHIMIN_NOTIFY_URL must be an https address"),
                    (bool(self.connector_origins), "SHIMIN_CONNECTOR_ORIGINS must be empty"),
                    (self.sandbox_unjailed, "SHIMIN_SANDBOX_UNJAILED must be off"),
                )
                if wrong
            ]
            if problems:
                raise ValueError("; ".join(problems))
        if self.notify_url and len(self.notify_secret.get_secret_value()) < SECRET_CHARS_MIN:
            raise ValueError(f"SHIMIN_NOTIFY_SECRET must have at least {SECRET_CHARS_MIN} characters")
        return self

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.database.startswith("sqlite:")

    @property
    def database(self) -> str:
        """The database's address with its password: for opening it, never for printing."""
        return self.database_url.get_secret_value() or f"sqlite:///{(self.data_dir / 'shimin.db').absolute()}"

    @property
    def issuer(self) -> str:
        """The address that signs tokens and that links begin with."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    def source(self, name: str) -> SourceSettings:
        """Return where a source is; the demonstration department where nothing is set."""
        return self.sources.get(name) or SourceSettings(url=self.demo_department_url)


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        InvalidSettings: a ``SHIMIN_…`` variable is unknown, of the wrong type or unsafe in production; the text
            names the variable and never repeats its value.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(
        key
        for key in os.environ
        if key.startswith(PREFIX) and not key.startswith(FOREIGN_PREFIXES) and key.split("__")[0] not in known
    )
    if unknown:
        raise InvalidSettings(problems=f"unknown: {', '.join(unknown)}")
    try:
        return Settings()
    except ValidationError as error:
        raise InvalidSettings(problems="; ".join(_explain(error))) from None


def _explain(error: ValidationError) -> list[str]:
    """Name each wrong variable and why, without its value."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        variable = PREFIX + "__".join(str(part) for part in problem["loc"]).upper() if problem["loc"] else ""
        lines.append(f"{variable}: {problem['msg']}".removeprefix(": "))
    return lines
