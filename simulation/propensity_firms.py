"""Firms that a made-up bank knows: what they do, how large they are, and how a month changes them.

A population is a frame with one row per client that the bank lists, see `draw_firms`. Codes stand for words (`ACTIVITIES`,
`REGIONS`, …) so that a hundred thousand clients over two years fit into memory.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

YEAR = 365.25


@dataclass(frozen=True)
class Activity:
    """A main activity.

    Attributes
    ----------
    okved
        Its code in the Russian classifier of activities, OKVED 2.
    share
        Share of the firms, up to a factor.
    pull
        Its part in the log-odds of opening an account.
    size
        Shift of the log of yearly turnover.
    """

    okved: str
    share: float
    pull: float
    size: float


ACTIVITIES = (
    Activity("47.11", 9, 0.35, 0.2), Activity("47.71", 6, 0.3, -0.1), Activity("47.91", 5, 0.6, -0.2),
    Activity("46.39", 4, 0.2, 0.9), Activity("46.90", 6, 0.1, 0.8), Activity("49.41", 8, 0.1, 0.1),
    Activity("49.32", 5, -0.45, -0.8), Activity("41.20", 5, 0.25, 0.7), Activity("43.21", 4, 0.15, 0.0),
    Activity("43.31", 3, -0.05, -0.3), Activity("56.10", 6, 0.4, 0.2), Activity("62.01", 5, -0.2, 0.0),
    Activity("62.02", 3, -0.3, -0.2), Activity("69.20", 3, -0.5, -0.4), Activity("68.20", 5, -0.7, 0.0),
    Activity("73.11", 3, 0.0, -0.2), Activity("96.02", 5, -0.1, -0.7), Activity("86.23", 2, 0.05, 0.3),
    Activity("85.41", 3, -0.35, -0.5), Activity("10.71", 2, 0.1, 0.5), Activity("16.23", 2, 0.0, 0.3),
    Activity("25.11", 2, 0.1, 0.6), Activity("45.20", 4, 0.15, -0.1), Activity("79.11", 2, -0.15, -0.3),
    Activity("01.13", 2, -0.55, 0.0), Activity("55.10", 1, -0.1, 0.3),
    Activity("64.92", 2, 0.0, 0.4), Activity("92.13", 1, 0.0, 0.5), Activity("94.99", 2, -0.6, -0.9),
)  # fmt: skip
EXCLUDED_OKVED = ("64", "92", "94")
"""Classes whose firms the bank makes no offer to: lending, gambling, membership organisations."""

SEGMENTS = ("small business", "large", "individual")
SEGMENT_SHARES = (0.88, 0.05, 0.07)
SEGMENT_LOG_TURNOVER = (15.6, 19.3, 13.4)
REGIONS = ("Озёрная область", "Лесная область", "Приречная область", "Степная область", "Предгорная область")
REGION_SHARES = (0.34, 0.24, 0.18, 0.14, 0.10)
TAX_REGIMES = ("simplified", "general", "patent", "simplified, income less costs")
TAX_SHARES = (0.46, 0.24, 0.14, 0.16)
ARRIVALS = ("branch", "website", "partner", "advertising")
BRANCHES = 6
ACCOUNTS_SHARES = (0.35, 0.35, 0.2, 0.1)
"""Shares of firms with none to three accounts in other banks."""

YOUNG, GROWING, STEADY, FADING = range(4)
STAGES = ("young", "growing", "steady", "fading")
STAGE_OF_OLDER = (0.0, 0.25, 0.57, 0.18)
YOUNG_YEARS = 2.0
MONTHLY_GROWTH = (0.03, 0.02, 0.0, -0.04)
"""Of log turnover, by stage."""

MONTHLY_LIQUIDATION = (0.002, 0.0005, 0.001, 0.012)
"""Chance to be liquidated within a month, by stage."""

NEXT_STAGE = np.array([[0.93, 0.03, 0.03, 0.01], [0.0, 0.96, 0.035, 0.005], [0.0, 0.008, 0.984, 0.008], [0.0, 0.01, 0.02, 0.97]])
"""Chances of the next month's stage, a row per stage."""

WEB, WEB_OWN, WEB_STEP, WEB_MEMORY = 2.4, 0.75, 0.13, 0.9
"""Log of visits to the bank's site a month: mean, deviation of firms, of months, and memory of a month's deviation."""

GROWTH_MEMORY = 0.8
MONTH_NOISE = 0.012
NEWCOMERS_YOUNG = 0.75
GAPS = {
    "region": 0.02, "tax_regime": 0.01, "turnover": 0.01, "turnover_growth": 0.01, "employees": 0.08, "web_visits": 0.005,
    "card_spend": 0.02, "other_accounts": 0.005, "has_payroll": 0.04, "loan_balance": 0.1, "registered_on": 0.005, "okved": 0.01,
}  # fmt: skip
"""Share of firms of which the bank never learns what stands in a column: rare where much depends on it."""

NEVER = 9_999
"""A month that does not come."""

_CLIENT_STEP, _CLIENTS = 6_180_339, 10_000_000
"""Coprime: each firm has a number of its own, which tells nothing of when it came."""


def draw_firms(  # noqa: PLR0913  # who, how many, when
    rng: np.random.Generator, first: int, count: int, month: int, day: dt.date, *, newcomers: bool
) -> pl.DataFrame:
    """Draw clients as they are when the bank first lists them.

    Parameters
    ----------
    rng
        The randomness.
    first
        How many firms were drawn before.
    count
        How many to draw.
    month, day
        Number and day of the snapshot that lists them first.
    newcomers
        Whether most of them were registered lately.

    Returns
    -------
    polars.DataFrame
        ``client`` (number of the identifier), codes of ``activity``, ``region``, ``tax_regime``, ``arrival``, ``branch``,
        ``segment`` and ``stage``, ``registered_on``, ``entered`` (number of a month), ``log_turnover`` (of roubles a year),
        ``growth`` (of log turnover in six months, smoothed), ``web_own``, ``web`` (log of visits), ``card`` (log of the
        share of turnover that is spent by card), ``staff``, ``payroll_bar``, ``accounts``, ``loan``, ``online``,
        ``hidden``, ``gaps`` (bits of unknown columns), ``chance`` (uniform, for whatever is drawn once per firm), and what has
        not happened yet: ``opened_on``, ``liquidated_on``, ``known_from``, ``leaves_at``.
    """
    years = rng.gamma(1.6, 3.2, count) + 0.1
    if newcomers:
        years = np.where(rng.random(count) < NEWCOMERS_YOUNG, rng.uniform(0.03, 0.55, count), years)
    segment = rng.choice(len(SEGMENTS), count, p=SEGMENT_SHARES)
    shares = np.array([drawn.share for drawn in ACTIVITIES])
    activity = rng.choice(len(ACTIVITIES), count, p=shares / shares.sum())
    stage = np.where(years < YOUNG_YEARS, YOUNG, rng.choice(len(STAGES), count, p=STAGE_OF_OLDER))
    size = np.array([drawn.size for drawn in ACTIVITIES])[activity]
    web_own = rng.normal(WEB, WEB_OWN, count)
    drawn = {
        "client": (np.arange(first, first + count) * _CLIENT_STEP + 1_234_567) % _CLIENTS,
        "registered_on": np.datetime64(day) - (years * YEAR).astype("timedelta64[D]"),
        "activity": activity.astype(np.uint8),
        "region": rng.choice(len(REGIONS), count, p=REGION_SHARES).astype(np.uint8),
        "tax_regime": rng.choice(len(TAX_REGIMES), count, p=TAX_SHARES).astype(np.uint8),
        "arrival": rng.integers(0, len(ARRIVALS), count).astype(np.uint8),
        "branch": rng.integers(1, BRANCHES + 1, count).astype(np.uint8),
        "segment": segment.astype(np.uint8),
        "stage": stage.astype(np.uint8),
        "entered": np.full(count, month, dtype=np.int16),
        "log_turnover": np.array(SEGMENT_LOG_TURNOVER)[segment] + 0.6 * size + rng.normal(0, 0.9, count),
        "growth": 6 * np.array(MONTHLY_GROWTH)[stage] + rng.normal(0, 0.06, count),
        "web_own": web_own,
        "web": web_own + rng.normal(0, WEB_STEP / np.sqrt(1 - WEB_MEMORY**2), count),
        "card": rng.normal(-2.6, 0.7, count),
        "staff": rng.normal(0, 0.5, count),
        "payroll_bar": rng.uniform(1, 9, count),
        "accounts": rng.choice(len(ACCOUNTS_SHARES), count, p=ACCOUNTS_SHARES).astype(np.uint8),
        "loan": np.where(rng.random(count) < 0.3, np.exp(rng.normal(13.5, 0.9, count)), 0.0),
        "online": rng.random(count) < 0.25,
        "hidden": rng.normal(0, 1, count),
        "gaps": sum((rng.random(count) < share).astype(np.uint32) << bit for bit, share in enumerate(GAPS.values())),
        "chance": rng.random(count),
    }
    return pl.DataFrame(drawn).with_columns(
        pl.col("registered_on").cast(pl.Date),
        pl.col(pl.Float64).exclude("chance").cast(pl.Float32),
        pl.lit(None, dtype=pl.Date).alias("opened_on"),
        pl.lit(None, dtype=pl.Date).alias("liquidated_on"),
        pl.lit(NEVER, dtype=pl.Int16).alias("known_from"),
        pl.lit(NEVER, dtype=pl.Int16).alias("leaves_at"),
    )


def after_a_month(rng: np.random.Generator, population: pl.DataFrame) -> pl.DataFrame:
    """What a population is like a month later: stages, turnover, growth and interest move a little."""
    count = population.height
    stage = population.get_column("stage").to_numpy()
    chances = NEXT_STAGE.cumsum(axis=1)[stage]
    following = (rng.random(count)[:, None] > chances[:, :-1]).sum(axis=1)
    monthly = np.array(MONTHLY_GROWTH)[stage] + rng.normal(0, MONTH_NOISE, count)
    growth = GROWTH_MEMORY * population.get_column("growth").to_numpy() + (1 - GROWTH_MEMORY) * 6 * monthly
    web_own = population.get_column("web_own").to_numpy()
    deviation = WEB_MEMORY * (population.get_column("web").to_numpy() - web_own) + rng.normal(0, WEB_STEP, count)
    return population.with_columns(
        pl.Series("stage", following.astype(np.uint8)),
        pl.Series("log_turnover", (population.get_column("log_turnover").to_numpy() + monthly).astype(np.float32)),
        pl.Series("growth", growth.astype(np.float32)),
        pl.Series("web", (web_own + deviation).astype(np.float32)),
    )


def employees(population: pl.DataFrame) -> np.ndarray:
    """People on the payroll, shape ``(n,)``: more with turnover, less than in proportion."""
    log_people = 0.75 * (population.get_column("log_turnover").to_numpy() - 14.4) + population.get_column("staff").to_numpy()
    return np.asarray(np.floor(np.exp(log_people)).astype(np.int64))


def has_payroll(population: pl.DataFrame) -> np.ndarray:
    """Whether salaries are paid through a bank, shape ``(n,)``: from some number of people on, which is each firm's own."""
    return np.asarray(employees(population) >= population.get_column("payroll_bar").to_numpy())


def is_offered(population: pl.DataFrame, month: int) -> np.ndarray:
    """Who may be made an offer at a snapshot: small businesses of the right activities, not known as liquidated."""
    right = np.array([not drawn.okved.startswith(EXCLUDED_OKVED) for drawn in ACTIVITIES])
    small = population.get_column("segment").to_numpy() == 0
    known = population.get_column("known_from").to_numpy() > month
    return np.asarray(small & known & right[population.get_column("activity").to_numpy()])
