"""The monthly file for the marketing optimiser: whom to offer the account, and whom to leave alone so that the effect can be proved."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import numpy as np
import polars as pl

from vitrina.errors import VitrinaError
from vitrina.files import sha256_of, write_atomically
from vitrina.months import month_of
from vitrina.propensity.campaign_tables import CONTROL, FORMATS, OFFER, CampaignLists, OptimiserFiles

RULE = "vitrina"
"""What the optimiser writes as the rule of contacts that it made from the file; so they are told from those by today's rule."""

MOST_CONTROL_SHARE = 0.5
MOST_STRATA = 20
"""Strata of the list; a twentieth each is as alike as the control group of a few hundred clients can make use of."""

MANIFEST = "manifest.json"

_SCORES = ("client_id", "probability", "rank", "model_version")
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TAKEN_FOR_MORE = "^(['=+\\-@\t\r\n＝＋－＠])"
"""What a spreadsheet may take for a formula, and the apostrophe itself, so that taking one off always gives the original back."""


class CampaignError(VitrinaError):
    """A file for the optimiser cannot be made as it was asked for."""


@dataclass(frozen=True)
class Campaign:
    """What a month's offers are allowed to cost, and what they are worth.

    Attributes
    ----------
    month
        First day of the month of the snapshot.
    snapshot_date
        Day of the snapshot, within that month.
    budget
        Contacts that can be made; the control group costs none of them.
    offer_value_minor
        Value of one opening, in minor currency units.
    contact_cost_minor
        Cost of one contact, in minor currency units.
    control_share
        Part of the list that is left alone, above 0 and up to 0.5; see `vitrina.propensity.campaign_plan` for how large.
    seed
        Of the draw of the control group.
    """

    month: dt.date
    snapshot_date: dt.date
    budget: int
    offer_value_minor: int
    contact_cost_minor: int
    control_share: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        wrong = (
            (self.month.day != 1 or month_of(self.snapshot_date) != self.month, "month", "the first day of the snapshot's month"),
            (self.budget < 1, "budget", "at least one contact"),
            (self.offer_value_minor <= 0, "offer_value_minor", "the value of an opening, above 0"),
            (self.contact_cost_minor < 0, "contact_cost_minor", "the cost of a contact, 0 or more"),
            (
                not 0 < self.control_share <= MOST_CONTROL_SHARE,
                "control_share",
                "above 0 and at most 0.5: without clients that are left alone nobody can tell what the offers bring",
            ),
        )
        for is_wrong, name, expected in wrong:
            if is_wrong:
                raise CampaignError(f"The campaign of {self.month} has {name} = {getattr(self, name)}.", f"Set {name}: {expected}.")

    @property
    def share(self) -> Fraction:
        """The control share as people write it: 0.1 is one tenth, and 90 contacts make a list of exactly 100."""
        return Fraction(str(self.control_share))

    @property
    def list_length(self) -> int:
        """Clients that the list needs for the budget to be spent when the control group is left out."""
        return ceil(self.budget / (1 - self.share))

    def control_size(self, n: int) -> int:
        """Clients of a list of `n` that are left alone."""
        # the last client of a list of one is offered, and never is the budget exceeded
        return min(n - floor((1 - self.share) * n), max(n - 1, 0))


def strata_of(n: int, controls: int) -> Iterator[tuple[range, int]]:
    """The places of each stratum of a list of `n`, which is sorted by rank, and how many of them are drawn for the control group."""
    strata = min(MOST_STRATA, controls)
    for stratum in range(strata):
        quota = controls * (stratum + 1) // strata - controls * stratum // strata
        yield range(n * stratum // strata, n * (stratum + 1) // strata), quota


def campaign_list(scores: pl.DataFrame, campaign: Campaign) -> pl.DataFrame:
    """Choose the clients of a month's file and draw the control group among them.

    The list is as long as it must be for the budget to be spent when the control group is left out, and ends earlier where an
    offer is expected to cost more than it brings. The control group is drawn within strata of neighbouring ranks, so that
    both groups are alike in probability. Who is drawn depends on the seed, the month and the list, not on the order of rows.

    Parameters
    ----------
    scores
        Scores of the month: ``client_id``, ``probability``, ``rank`` (1 the likeliest), ``model_version``.
    campaign
        Budget, values, share and seed.

    Returns
    -------
    polars.DataFrame
        `CampaignLists`, sorted by rank; empty where no offer is worth its cost.

    Raises
    ------
    CampaignError
        A column is missing, a client, rank or probability is unusable, or there are several models.
    """
    _check_scores(scores, campaign.month)
    value = (pl.col("probability") * campaign.offer_value_minor).round(0).cast(pl.Int64) - campaign.contact_cost_minor
    worth = scores.select(_SCORES).with_columns(value.alias("expected_value_minor")).filter(pl.col("expected_value_minor") > 0)
    chosen = worth.sort("rank").head(campaign.list_length)
    groups = _groups(chosen.get_column("client_id").to_list(), campaign)
    listed = chosen.with_columns(
        pl.lit(campaign.month).alias("month"),
        pl.lit(campaign.snapshot_date).alias("snapshot_date"),
        pl.col("rank").cast(pl.Int64),
        pl.col("probability").cast(pl.Float64),
        pl.Series("group", groups, dtype=pl.String),
    )
    return CampaignLists.check(listed)


def _check_scores(scores: pl.DataFrame, month: dt.date) -> None:
    missing = [name for name in _SCORES if name not in scores.columns]
    if missing:
        raise CampaignError(f"The scores of {month} lack {', '.join(missing)}.", f"Give the columns {', '.join(_SCORES)}.")
    probability = pl.col("probability")
    counts = scores.select(
        pl.any_horizontal(pl.col(_SCORES).is_null()).sum().alias("rows with an empty value"),
        (probability.is_nan() | ~probability.is_between(0, 1)).sum().alias("rows with a probability outside 0 to 1"),
        (pl.len() - pl.col("client_id").n_unique()).alias("repeated clients"),
        (pl.len() - pl.col("rank").n_unique()).alias("repeated ranks"),
        (pl.col("model_version").n_unique().cast(pl.Int64) - 1).clip(0).alias("models too many"),
    ).row(0, named=True)
    found = [f"{count} {what}" for what, count in counts.items() if count]
    if found:
        raise CampaignError(
            f"The scores of {month} have {', '.join(found)} in {scores.height} rows.",
            "Score the month anew with one model, each client once.",
        )


def _groups(clients: Sequence[str], campaign: Campaign) -> list[str]:
    """The group of each client of the list, which is sorted by rank."""
    n = len(clients)
    key = hashlib.sha256(f"{campaign.seed}|{campaign.month}".encode()).digest()
    draws = [hashlib.blake2b(client.encode(), key=key, digest_size=16).digest() for client in clients]
    groups = np.full(n, OFFER, dtype=object)
    for places, quota in strata_of(n, campaign.control_size(n)):
        groups[sorted(places, key=draws.__getitem__)[:quota]] = CONTROL
    return [str(group) for group in groups]


def write_campaign_file(listed: pl.DataFrame, campaign: Campaign, *, data: Path, run_id: str) -> pl.DataFrame:
    """Write a month's list as CSV and Parquet with a manifest: all three are there, or none.

    They lie in ``artifacts/propensity/campaigns/<month>-<run>`` of the data folder. A folder that is there is never changed:
    the same run with the same list finds its own files again, and another run has a folder of its own.

    In the CSV a text that a spreadsheet could take for a formula has one apostrophe in front; `read_campaign_csv` takes it off.
    The Parquet has every text as it is.

    Parameters
    ----------
    listed
        What `campaign_list` chose.
    campaign
        What it was chosen by.
    data
        The data folder.
    run_id
        Of the run that writes: letters, digits, hyphens and underscores.

    Returns
    -------
    polars.DataFrame
        `OptimiserFiles`, a row per format.

    Raises
    ------
    CampaignError
        The list is empty or of another month, the identifier of the run is no name of a folder, or the run's folder holds another list.
    """
    if listed.is_empty():
        raise CampaignError(
            f"No client of {campaign.month} is worth the cost of a contact.",
            "Check the value of an offer and the cost of a contact.",
        )
    if not _RUN_ID.fullmatch(run_id):
        raise CampaignError(f"{run_id!r} cannot name a folder.", "Use up to 64 letters, digits, hyphens and underscores.")
    listed = CampaignLists.check(listed).sort("rank")
    if listed.filter(pl.col("month") != campaign.month).height:
        raise CampaignError(f"The list holds clients of another month than {campaign.month}.", "Write each month's list by itself.")
    folder = data / "artifacts" / "propensity" / "campaigns" / f"{campaign.month:%Y-%m}-{run_id}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        temporary.mkdir()
        manifest = _write_all(temporary, listed, campaign, run_id)
        _put_in_place(temporary, folder, manifest)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    place = folder.relative_to(data)
    rows = [
        {
            "month": campaign.month,
            "format": file_format,
            "path": (place / _file_name(file_format)).as_posix(),
            "rows": listed.height,
            "control_rows": _control_rows(listed),
            "sha256": sha256_of(folder / _file_name(file_format)),
            "model_version": listed.item(0, "model_version"),
            "manifest": (place / MANIFEST).as_posix(),
        }
        for file_format in FORMATS
    ]
    return OptimiserFiles.check(pl.DataFrame(rows, schema=OptimiserFiles.polars_schema()))


def _file_name(file_format: str) -> str:
    return f"clients.{file_format}"


def _control_rows(listed: pl.DataFrame) -> int:
    return listed.filter(group=CONTROL).height


def _write_all(folder: Path, listed: pl.DataFrame, campaign: Campaign, run_id: str) -> str:
    """Write both formats and the manifest, and return the manifest's text."""
    parquet = io.BytesIO()
    listed.write_parquet(parquet)
    contents = {"csv": as_csv(listed).encode(), "parquet": parquet.getvalue()}
    for file_format, content in contents.items():
        write_atomically(folder / _file_name(file_format), content)
    manifest = {
        "made_by": "Vitrina",
        "run_id": run_id,
        "month": campaign.month.isoformat(),
        "snapshot_date": campaign.snapshot_date.isoformat(),
        "model": listed.item(0, "model_version"),
        "rows": listed.height,
        "control_rows": _control_rows(listed),
        "files": [
            {"name": _file_name(file_format), "format": file_format, "sha256": hashlib.sha256(content).hexdigest()}
            for file_format, content in contents.items()
        ],
        "columns": [
            {"name": declared.name, "type": declared.duckdb_type, "meaning": declared.comment}
            for declared in CampaignLists.columns()
        ],
        "parameters": {
            "budget": campaign.budget,
            "offer_value_minor": campaign.offer_value_minor,
            "contact_cost_minor": campaign.contact_cost_minor,
            "control_share": campaign.control_share,
            "seed": campaign.seed,
        },
        "control_group": "Clients whose group is 'control' must get no offer from anybody while openings are awaited.",
        "rule_of_contacts": f"Deliver contacts that were made from this file with the rule '{RULE}'.",
        "csv": "UTF-8, comma, texts in double quotes. A text that begins with an apostrophe had none: it keeps a spreadsheet from "
        "taking the text for a formula. Take one apostrophe off to get the text back.",
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    write_atomically(folder / MANIFEST, text)
    return text


def _put_in_place(temporary: Path, folder: Path, manifest: str) -> None:
    """Rename the folder; one that is already there must say the same, and stays."""
    try:
        # a folder with files in it is never replaced by a rename
        temporary.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        there = folder / MANIFEST
        if not there.is_file() or there.read_text(encoding="utf-8") != manifest:
            raise CampaignError(
                f"{folder} already holds another list.",
                "Start a new run, which writes to a folder of its own; nothing was changed.",
            ) from None


def as_csv(frame: pl.DataFrame, *, include_header: bool = True) -> str:
    r"""A frame as CSV in which no text is a formula.

    Parameters
    ----------
    frame
        Any.
    include_header
        Whether the names of the columns come first; a large file is written in parts, of which the first has them.

    Examples
    --------
    >>> as_csv(pl.DataFrame({"client_id": ["=1+1", "007"], "rank": [1, 2]})).splitlines()
    ['"client_id","rank"', '"\'=1+1",1', '"007",2']
    """
    safe = frame.with_columns(pl.col(pl.String).str.replace(_TAKEN_FOR_MORE, "'${1}"))
    return safe.write_csv(quote_style="non_numeric", include_header=include_header)


def read_campaign_csv(path: Path) -> pl.DataFrame:
    """The list in a CSV file as it was written: texts without the apostrophe in front, columns of `CampaignLists`."""
    frame = pl.read_csv(path, schema_overrides=CampaignLists.polars_schema())
    return CampaignLists.check(frame.with_columns(pl.col(pl.String).str.replace("^'", "")))
