"""Which stores and which features a request means, by name, pattern and catalogue."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from vitrina.errors import ScenarioError
from vitrina.stores.features import DEFAULT_PARAMETERS
from vitrina.stores.scenario import FEWEST_STORES, Scenario

NOT_IN_THE_INBOX = "not in the inbox"

FAMILIES = ("trade", "location", "assortment", "geography")
"""Families of features in the order in which people read them."""

_SHOWN = 5


@dataclass(frozen=True)
class SelectedFeatures:
    """Names of features by their role.

    Attributes
    ----------
    clustered
        Shape the clusters; the default parameters first.
    profile_only
        Stand in the report only.
    absent
        Default parameters that the inbox does not have.
    """

    clustered: tuple[str, ...]
    profile_only: tuple[str, ...]
    absent: tuple[str, ...]


def select_stores(features: pl.DataFrame, scenario: Scenario) -> pl.DataFrame:
    """The rows that a request means, in the order of `store_id`.

    Raises
    ------
    ScenarioError
        The frame holds more or less than one quarter; no store has the format; a store is unknown; fewer than three
        stores are left, or fewer than clusters were asked for.
    """
    if features.get_column("quarter").n_unique() != 1:
        raise ScenarioError(
            f"Features of {features.get_column('quarter').n_unique()} quarters were given; clusters are of one.",
            "Materialize store_features for the quarter, or choose one that has sales.",
        )
    chosen = _of_formats(features, scenario.formats)
    if scenario.stores:
        _refuse_unknown_stores(features, chosen, scenario)
        chosen = chosen.filter(pl.col("store_id").is_in(scenario.stores))
    asked = scenario.n_clusters or FEWEST_STORES
    if chosen.height < FEWEST_STORES or chosen.height < asked:
        raise ScenarioError(
            f"{chosen.height} store(s) cannot form {asked} clusters."
            if asked > FEWEST_STORES
            else f"Only {chosen.height} store(s) are left.",
            f"Ask for fewer clusters, more stores or more formats ({_formats(features)}); at least {FEWEST_STORES} stores are needed.",
        )
    return chosen.sort("store_id")


def select_features(catalogue: pl.DataFrame, scenario: Scenario) -> SelectedFeatures:
    """The features that a request means, in an order that does not depend on the catalogue's.

    Raises
    ------
    ScenarioError
        A name or pattern matches no feature of the catalogue, or a default parameter was asked to stay out.
    """
    known = catalogue.get_column("feature").to_list()
    defaults = _by_rank(catalogue.filter("is_default").get_column("feature"))
    kept_out = set(_matching(scenario.profile_only, known)) - set(defaults)
    refused = sorted(set(scenario.profile_only) & set(defaults))
    if refused:
        raise ScenarioError(
            f"{', '.join(refused)} cannot stand in the report only: default parameters always take part.",
            "Remove the name from profile_only.",
        )
    added = _by_family(catalogue, set(_matching(scenario.features, known)) - set(defaults) - kept_out)
    others = _by_family(catalogue, set(known) - set(defaults) - set(added))
    return SelectedFeatures(
        clustered=(*defaults, *added),
        profile_only=tuple(name for name in others if not scenario.profile_only or name in kept_out),
        absent=tuple(name for name in DEFAULT_PARAMETERS if name not in known),
    )


def _of_formats(features: pl.DataFrame, formats: Sequence[str]) -> pl.DataFrame:
    chosen = features.filter(pl.col("format").str.to_lowercase().is_in(formats)) if formats else features
    if chosen.is_empty():
        raise ScenarioError(
            f"No store of this quarter has the format {', '.join(formats)}.",
            f"Choose from the formats there are: {_formats(features)}.",
        )
    return chosen


def _refuse_unknown_stores(features: pl.DataFrame, of_formats: pl.DataFrame, scenario: Scenario) -> None:
    known, eligible = features.get_column("store_id").to_list(), set(of_formats.get_column("store_id").to_list())
    unknown = sorted(set(scenario.stores) - set(known))
    if unknown:
        raise ScenarioError(
            f"{len(unknown)} store(s) are not in this quarter: {_few(unknown)}.",
            f"Correct the identifier{_close(unknown, known)}, or choose a quarter in which the store sold.",
        )
    other = sorted(set(scenario.stores) - eligible)
    if other:
        raise ScenarioError(
            f"{len(other)} of the named stores are not of the format {', '.join(scenario.formats)}: {_few(other)}.",
            "Add their format to formats, leave formats empty, or remove these stores.",
        )


def _matching(patterns: Iterable[str], known: Sequence[str]) -> list[str]:
    matched = []
    for pattern in patterns:
        found = [name for name in known if fnmatch.fnmatchcase(name, pattern)]
        if not found:
            raise ScenarioError(
                f"No feature of this quarter is called {pattern}.",
                f"Correct the name{_close([pattern], known)}; the catalogue has {', '.join(sorted(known))}.",
            )
        matched += found
    return matched


def _close(asked: Iterable[str], known: Sequence[str]) -> str:
    close = sorted({match for name in asked for match in difflib.get_close_matches(name, known, n=2)})
    return f" (close: {_few(close)})" if close else ""


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _formats(features: pl.DataFrame) -> str:
    counted = features.group_by("format").len().sort("len", "format", descending=[True, False])
    return ", ".join(f"{name} ({count})" for name, count in counted.iter_rows())


def _by_family(catalogue: pl.DataFrame, names: set[str]) -> list[str]:
    families = dict(catalogue.select("feature", "family").iter_rows())
    return sorted(names, key=lambda name: (FAMILIES.index(families[name]), name))


def _by_rank(names: Iterable[str]) -> list[str]:
    rank = {name: place for place, name in enumerate(DEFAULT_PARAMETERS)}
    return sorted(names, key=lambda name: (rank.get(name, len(rank)), name))
