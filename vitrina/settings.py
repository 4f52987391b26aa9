"""Every knob in one place: environment variables `VITRINA_*`, or a `.env` file in the current folder."""

import datetime as dt
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_serializer, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from upath import UPath

PRODUCTS = ("stores", "marketplace", "propensity", "posts", "sellers")

Locale = Literal["en", "ru"]

EventKind = Literal["view", "cart", "purchase", "refund"]
WeightedKind = Literal["view", "cart", "purchase"]
EVENT_KINDS: dict[str, EventKind] = {
    "view_item": "view",
    "ec.view_item": "view",
    "add_to_cart": "cart",
    "ec.add_to_cart": "cart",
    "purchase": "purchase",
    "ec.purchase": "purchase",
    "refund": "refund",
    "ec.refund": "refund",
}
KIND_WEIGHTS: dict[WeightedKind, float] = {"view": 1.0, "cart": 3.0, "purchase": 10.0}
HALF_LIFE_DAYS = 60.0
MOST_WEIGHT = 1e6

KEY_LENGTH = 16
"""Shortest key of user identifiers, in bytes."""


class Settings(BaseSettings):
    """The one configuration; each field is the environment variable `VITRINA_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="VITRINA_", env_file=".env", extra="ignore", frozen=True)

    data: Path = Field(Path("data"), description="Folder for everything that Vitrina writes. Two such folders never meet.")
    inbox: str = Field(
        "", description="Folder or fsspec address with a sub-folder per product; default: `inbox` in the data folder."
    )
    warehouse: str = Field(
        "",
        description="Where tables are written: a folder of DuckDB files (default: `warehouse` in the data folder) or `ducklake:…`.",
    )
    state: str = Field(
        "",
        description="SQLAlchemy URL of the database of what people decide, e.g. `postgresql+psycopg://user@host/vitrina`; "
        "default: SQLite, `state.sqlite` in the data folder.",
    )
    lock_timeout_s: float = Field(60.0, gt=0, description="Longest wait for a warehouse that another process holds, in seconds.")
    settle_s: float = Field(
        0.5,
        ge=0,
        description="How long a file's size must stand still before a run that nobody's sensor asked for reads it, in seconds.",
    )
    published_versions: int = Field(3, ge=1, description="Published versions of a product that are kept, for `vitrina rollback`.")
    first_quarter: dt.date = Field(dt.date(2018, 1, 1), description="First day of the first quarter that can be computed.")
    first_month: dt.date = Field(dt.date(2008, 1, 1), description="First day of the first month that can be computed.")
    locales: Annotated[tuple[Locale, ...], NoDecode] = Field(
        ("en", "ru"), description="Languages of reports and receipts, separated by commas."
    )
    currency: str = Field("RUB", min_length=1, max_length=8, description="Currency of all amounts, as shown in reports.")
    max_category_shares: int = Field(
        20, ge=1, le=200, description="Largest categories that get a feature of their own; the rest are shared as 'other'."
    )
    upload_interval_s: int = Field(30, ge=5, description="Seconds between two looks at the inbox.")
    port: int = Field(3000, ge=1, le=65535, description="Port of the Dagster UI, on 127.0.0.1.")
    pages_host: str = Field("127.0.0.1", description="Address that the pages listen on.")
    pages_port: int = Field(8000, ge=1, le=65535, description="Port of the pages.")
    pages_url: str = Field(
        "", description="Address that people reach the pages at, e.g. `https://vitrina.example.com`; default: host and port."
    )
    pages_proxies: str = Field(
        "", description="Addresses of proxies before the pages, separated by commas: only they may say who asks and how."
    )
    pages_workers: int = Field(2, ge=1, le=64, description="Processes that answer.")
    pages_requests_per_minute: int = Field(600, ge=1, description="Requests of a person, per process.")
    pages_token_requests_per_minute: int = Field(60_000, ge=1, description="Requests with one token, per process.")
    pages_audit_days: int = Field(365, ge=1, description="Days that the record of who saw and did what is kept.")
    pages_upload_gb: float = Field(20.0, gt=0, description="Largest file that can be uploaded, in gigabytes.")
    pages_upload_hours: float = Field(24.0, gt=0, description="Hours after which an upload that nobody goes on with is deleted.")
    pages_uploads_per_person: int = Field(20, ge=1, description="Uploads that a person may have under way.")
    dagster_url: str = Field("", description="Address of the Dagster UI that pages link to; default: its port on 127.0.0.1.")
    user_key: SecretStr = Field(
        SecretStr(""),
        description="Key that user identifiers are hashed with, 16 characters or more; default: `user.key` in the data folder, made "
        "once. Keep a copy: with another key all users are strangers.",
    )

    marketplace_event_kinds: dict[str, EventKind] = Field(
        EVENT_KINDS,
        description="What each event type of the log means: view, cart, purchase or refund, as JSON; other types are counted and left out.",
    )
    marketplace_weights: dict[WeightedKind, Annotated[float, Field(ge=0, le=MOST_WEIGHT)]] = Field(
        KIND_WEIGHTS,
        description="How much one view, cart and purchase says about liking an item, as JSON; kinds left out keep their default.",
    )
    marketplace_half_life_days: float = Field(HALF_LIFE_DAYS, gt=0, description="Age at which an event counts half, in days.")
    marketplace_bot_events_a_day: int = Field(
        1000, ge=1, description="Events of a user that count on one day; later ones are taken for a program's."
    )
    marketplace_min_users: int = Field(5, ge=1, description="Fewest users that a pair of items or a reason rests on.")
    marketplace_horizon_days: int = Field(30, ge=1, description="How far ahead purchases are predicted, in days.")
    marketplace_search_s: int = Field(60, ge=1, description="Longest search for parameters of a model, in seconds.")
    marketplace_repeats: bool = Field(
        True, description="Whether what a user has bought before may be recommended again; most purchases repeat one."
    )
    marketplace_list_length: int = Field(20, ge=1, le=1000, description="Items in a list of recommendations.")
    marketplace_deadline_ms: float = Field(
        50.0, gt=0, description="Longest wait for a fresh answer, in milliseconds; then popular items are answered."
    )
    marketplace_holdout_share: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="Share of users who see popular items instead of recommendations, so that the effect can be proven.",
    )
    marketplace_shown_interval_s: float = Field(
        3600.0, gt=0, description="Seconds after which the API closes the file of what it has shown."
    )

    propensity_segments: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Segments that are small business, in lower case and separated by commas; default: everybody is.",
    )
    propensity_liquidated_statuses: Annotated[tuple[str, ...], NoDecode] = Field(
        ("liquidated", "ликвидирована", "ликвидирован", "ликвидировано", "bankrupt", "банкрот"),
        description="Legal statuses of a firm that is no more, in lower case and separated by commas.",
    )
    propensity_excluded_okved: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Beginnings of OKVED codes whose firms are never scored, separated by commas, e.g. `64,92.1`."
    )
    propensity_horizon_months: int = Field(3, ge=1, le=24, description="Months ahead in which an opening counts.")
    propensity_training_months: int = Field(
        12, ge=1, le=60, description="Most months with known openings that a model learns from."
    )
    propensity_contacts: int = Field(1000, ge=1, description="Clients that the optimiser may contact in a month.")
    propensity_control_share: float = Field(
        0.1, gt=0, le=0.5, description="Share of the chosen clients that are left alone, so that the effect can be proven."
    )
    propensity_opening_value: float = Field(10_000.0, gt=0, description="What an opened account is worth, in the currency.")
    propensity_contact_cost: float = Field(100.0, ge=0, description="What a contact costs, in the currency.")

    posts_channels: dict[str, str] = Field(
        {},
        description='Public names of channels, as JSON, e.g. `{"telegram:1001234567": "our_channel"}`: links need them, for an export '
        "does not tell the name. Without it, links work for members only.",
    )
    posts_chats: dict[str, tuple[str, ...]] = Field(
        {},
        description='Which channels\' posts may be shown in which chat, as JSON, e.g. `{"telegram:2001234567": '
        '["telegram:1001234567"]}`; the bot says nothing in any other chat.',
    )
    posts_admins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="People whose replies in a discussion chat count as the channel's own, e.g. `telegram:123456`, separated by commas.",
    )
    posts_embedder: str = Field(
        "navec",
        description="Model of vectors: `navec` (built in, Russian), `sentence-transformers:<name or folder>`, or "
        "`openai:<model>@<address>` for any endpoint that speaks OpenAI's protocol.",
    )
    posts_embedder_key: SecretStr = Field(SecretStr(""), description="Key of the endpoint that makes vectors, where it wants one.")
    posts_embedder_timeout_s: float = Field(
        2.0, gt=0, description="Longest wait for the vector of a question, in seconds; then the built-in model answers."
    )
    posts_false_answers: float = Field(
        0.05, gt=0, lt=1, description="Share of the questions that no post answers which the bot may answer all the same."
    )
    posts_most_deletions: float = Field(
        0.2,
        ge=0,
        le=1,
        description="Largest share of a channel's posts that a new export may lack: one that lacks more is taken for cut off, and "
        "deletes nothing.",
    )
    posts_question_days: int = Field(180, ge=1, description="Days that questions are kept, with who asked them as a keyed hash.")
    posts_plans: dict[str, int | None] = Field(
        {"free": None}, description="Answers a month that each plan holds, as JSON; null for any number."
    )
    posts_chat_plans: dict[str, str] = Field(
        {}, description='Plan of each chat, as JSON, e.g. `{"telegram:2001234567": "free"}`; others have the first plan.'
    )
    posts_price_per_1000_tokens: float = Field(
        0.0, ge=0, description="Price of a thousand tokens of the endpoint, in the currency."
    )
    posts_price_per_cpu_hour: float = Field(0.0, ge=0, description="Price of an hour of processor time, in the currency.")
    posts_bot_token: SecretStr = Field(SecretStr(""), description="Token of the Telegram bot, from BotFather.")
    posts_bot_api: str = Field("https://api.telegram.org", description="Address of the Bot API, for a server of one's own.")
    posts_webhook_url: str = Field("", description="Public address for updates; default: the bot asks for them itself.")
    posts_webhook_secret: SecretStr = Field(SecretStr(""), description="Secret token that every webhook call must carry.")
    posts_webhook_port: int = Field(8443, ge=1, le=65535, description="Port of the webhook, on 127.0.0.1, behind your own TLS.")
    posts_feed_interval_s: int = Field(120, ge=1, description="Seconds after which the bot closes the file of what it saw.")

    models: Path | None = Field(
        None, description="Folder with the weights of networks that see; default: `models` in the data folder."
    )
    models_download: bool = Field(
        True, description="Whether weights that are missing are fetched from their makers, where there is a network."
    )

    sellers_videos: str = Field(
        "videos/{store}/{camera}/{start}.{suffix}",
        description="How videos are named below `sellers/` in the inbox; `{any}` stands for what does not matter.",
    )
    sellers_time_zone: str = Field("UTC", description="Time zone of cameras' clocks, where the table of cameras names none.")
    sellers_settle_s: float = Field(
        120.0, ge=0, description="A video that was last written so many seconds ago is complete at the first look."
    )
    sellers_detector: str = Field(
        "",
        description="Weights of the YOLO that finds people: a name in the folder of models, or a path; default: the only ones in the "
        "folder, or else `yolov8n`.",
    )
    sellers_confidence: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="How sure the detector must be of a person; default: as `limits.json` in its export says, or .25.",
    )
    sellers_appearance: str = Field(
        "",
        description="What people are told apart by: `clothes` (colours, built in), or weights of a re-identification net, e.g. "
        "`osnet_x0_25_msmt17.onnx`; default: the only net in the folder of models, or else clothes.",
    )
    sellers_pose: str = Field(
        "", description="Weights of a YOLO for poses, e.g. `yolov8n-pose`: who faces whom then counts; default: nobody is asked."
    )
    sellers_step_s: float = Field(1.0, gt=0, le=60, description="Time between two frames that are looked at, in seconds.")
    sellers_longest_px: int = Field(
        1280, ge=64, description="Longer side that pictures are brought to before anybody looks at them, in pixels."
    )
    sellers_skip_still: bool = Field(True, description="Whether frames on which nothing has moved are passed over.")
    sellers_threads: int = Field(0, ge=0, description="Threads of decoder and networks; 0 for as many as there are cores.")
    sellers_parameters: dict[str, float | int | str | bool] = Field(
        {},
        description='Parameters of tracking, roles, interactions and metrics that differ, as JSON, e.g. `{"interaction.start_m": 1.2}`.',
    )
    sellers_retention_days: float = Field(
        3.0, gt=0, description="Days after which source videos, clips, pictures of people and copies are deleted."
    )
    sellers_partition_days: float = Field(
        30.0, gt=0, description="Days that a video's partition is kept in Dagster once its file is gone; its rows stay."
    )
    sellers_delete_videos: bool = Field(
        True, description="Whether source videos in the inbox are deleted then; otherwise somebody else has to."
    )
    sellers_clips: int = Field(10, ge=0, description="Clips that are cut of one video at most, of its longest interactions.")
    sellers_shifts_sheet: str = Field(
        "",
        description="Google Sheet with the shifts: the address of one published as CSV, or its identifier, which takes `sellers_sheets_key`.",
    )
    sellers_sheets_key: str = Field("", description="File with the key of a Google service account that may read the sheet.")
    sellers_debounce_s: float = Field(
        300.0, ge=0, description="Longest time that days wait for further videos before they are computed, in seconds."
    )

    @field_validator("marketplace_weights")
    @classmethod
    def _complete(cls, weights: dict[WeightedKind, float]) -> dict[WeightedKind, float]:
        return KIND_WEIGHTS | weights

    @field_validator("data")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().resolve()

    @field_validator("first_month")
    @classmethod
    def _starts_a_month(cls, day: dt.date) -> dt.date:
        if day.day != 1:
            raise ValueError("must be the first day of a month")
        return day

    @field_validator("first_quarter")
    @classmethod
    def _starts_a_quarter(cls, day: dt.date) -> dt.date:
        if day.day != 1 or day.month not in (1, 4, 7, 10):
            raise ValueError(f"{day} is not the first day of a quarter; use {day.year}-01-01, -04-01, -07-01 or -10-01")
        return day

    @field_validator("user_key")
    @classmethod
    def _long_enough(cls, key: SecretStr) -> SecretStr:
        if key.get_secret_value() and len(key.get_secret_value()) < KEY_LENGTH:
            raise ValueError(f"a key needs at least {KEY_LENGTH} characters; leave it empty to use the data folder's own")
        return key

    @field_validator("posts_plans")
    @classmethod
    def _some_plan(cls, plans: dict[str, int | None]) -> dict[str, int | None]:
        if not plans or any(answers is not None and answers < 0 for answers in plans.values()):
            raise ValueError('name at least one plan, with answers a month from 0 on, e.g. {"free": 100}')
        return plans

    @field_serializer("user_key", "posts_embedder_key", "posts_bot_token", "posts_webhook_secret", when_used="json")
    def _handed_on(self, key: SecretStr) -> str:
        """As text: settings are handed to other processes and to runs as JSON, and a row of asterisks is no key."""
        return key.get_secret_value()

    @field_validator(
        "locales",
        "propensity_segments",
        "propensity_liquidated_statuses",
        "propensity_excluded_okved",
        "posts_admins",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @cached_property
    def inbox_folder(self) -> UPath:
        """The inbox: read only for us."""
        return UPath(self.inbox or self.data / "inbox").absolute()

    @property
    def decisions_folder(self) -> Path:
        """The second root of the inbox, which we write ourselves: what people decided, in a folder per product."""
        return self.data / "decisions"

    @property
    def state_file(self) -> Path:
        """The SQLite database of what people decide, where `state` names no other."""
        return self.data / "state.sqlite"

    @property
    def user_key_file(self) -> Path:
        """The key of user identifiers, where `user_key` names no other."""
        return self.data / "user.key"

    @property
    def pages_address(self) -> str:
        """Where people reach the pages."""
        return self.pages_url.rstrip("/") or f"http://{self.pages_host}:{self.pages_port}"

    @property
    def dagster_address(self) -> str:
        """Where people reach the Dagster UI."""
        return self.dagster_url.rstrip("/") or f"http://127.0.0.1:{self.port}"

    @property
    def published(self) -> Path:
        """Published versions, their pointers, and the analysts' copies."""
        return self.data / "published"

    @property
    def artifacts(self) -> Path:
        """Files that assets make: reports, models, indexes."""
        return self.data / "artifacts"

    @property
    def models_folder(self) -> Path:
        """Weights of networks."""
        return self.models or self.data / "models"

    @property
    def videos(self) -> Path:
        """The SQLite database of known videos."""
        return self.data / "videos.sqlite"

    def read_elsewhere(self, product: str) -> tuple[str, ...]:
        """Folders of a product's inbox whose files are no tables, and have a reader of their own."""
        fixed = self.sellers_videos.partition("{")[0].rpartition("/")[0]
        return (fixed,) if product == "sellers" and fixed else ()

    @property
    def cache(self) -> Path:
        """Arrays that are dear to compute; anything in it may be deleted."""
        return self.data / "cache"

    @property
    def receipts(self) -> Path:
        """One receipt per delivery and language."""
        return self.data / "receipts"

    @property
    def quarantine(self) -> Path:
        """Copies of files that could not be read."""
        return self.data / "quarantine"

    @property
    def ledger(self) -> Path:
        """The SQLite database of known files."""
        return self.data / "ledger.sqlite"
