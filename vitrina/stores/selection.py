"""Which stores and which features a request means, by name, pattern and catalogue."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

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
        Default parameters, and features of an approved request, that the inbox does not have.
    weights
        How often each clustered feature counts, in the order of `clustered`.
    """

    clustered: tuple[str, ...]
    profile_only: tuple[str, ...]
    absent: tuple[str, ...]
    weights: tuple[float, ...] = ()


def eligible_stores(features: pl.DataFrame, scenario: Scenario) -> pl.DataFrame:
    """The rows that formats, regions and stores of a request mean, in the order of `store_id`; possibly none.

    Parameters
    ----------
    features
        Rows of `StoreFeatures` of one quarter and window.
    scenario
        The request.
    """
    chosen = features
    if scenario.formats:
        chosen = chosen.filter(pl.col("format").str.to_lowercase().is_in(scenario.formats))
    if scenario.regions:
        chosen = chosen.filter(_region().is_in([region.casefold() for region in scenario.regions]))
    if scenario.stores:
        chosen = chosen.filter(pl.col("store_id").is_in(scenario.stores))
    return chosen.sort("store_id")


def select_stores(features: pl.DataFrame, scenario: Scenario) -> pl.DataFrame:
    """The rows that a request means, in the order of `store_id`.

    Raises
    ------
    ScenarioError
        The frame holds more or less than one quarter; no store has the format or the region; a store is unknown; fewer
        than three stores are left, or fewer than clusters were asked for.
    """
    if features.get_column("quarter").n_unique() != 1:
        raise ScenarioError(
            f"Features of {features.get_column('quarter').n_unique()} quarters were given; clusters are of one.",
            "Materialize store_features for the quarter, or choose one that has sales.",
        )
    _refuse_unknown_formats(features, scenario)
    _refuse_unknown_regions(features, scenario)
    if scenario.stores:
        _refuse_unknown_stores(features, scenario)
    chosen = eligible_stores(features, scenario)
    asked = scenario.n_clusters or FEWEST_STORES
    if chosen.height < FEWEST_STORES or chosen.height < asked:
        raise ScenarioError(
            f"{chosen.height} store(s) cannot form {asked} clusters."
            if asked > FEWEST_STORES
            else f"Only {chosen.height} store(s) are left.",
            f"Ask for fewer clusters, more stores or more formats ({_counted(features, 'format')}); at least {FEWEST_STORES} stores are needed.",
        )
    _refuse_sizes_that_do_not_fit(chosen.height, scenario)
    return chosen


def select_features(catalogue: pl.DataFrame, scenario: Scenario, *, strict: bool = True) -> SelectedFeatures:
    """The features that a request means, in an order that does not depend on the catalogue's.

    Parameters
    ----------
    catalogue
        Rows of `FeatureCatalogue` of one quarter and window.
    scenario
        The request.
    strict
        Whether a name that the catalogue lacks is an error. A request that was approved once goes on being answered
        where a later quarter lacks a feature: the name is then absent.

    Raises
    ------
    ScenarioError
        A name or pattern matches no feature of the catalogue, or a default parameter was asked to stay out.
    """
    if not strict:
        scenario, lacking = _without_unknown(catalogue, scenario)
        found = select_features(catalogue, scenario)
        return replace(found, absent=(*found.absent, *lacking))
    known = catalogue.get_column("feature").to_list()
    defaults = _by_rank(catalogue.filter("is_default").get_column("feature"))
    kept_out = set(_matching(catalogue, scenario.profile_only)) - set(defaults)
    refused = sorted(set(scenario.profile_only) & set(defaults))
    if refused:
        raise ScenarioError(
            f"{', '.join(refused)} cannot stand in the report only: default parameters always take part.",
            "Remove the name from profile_only.",
        )
    added = _by_family(catalogue, set(_matching(catalogue, scenario.features)) - set(defaults) - kept_out)
    others = _by_family(catalogue, set(known) - set(defaults) - set(added))
    clustered = (*defaults, *added)
    return SelectedFeatures(
        clustered=clustered,
        profile_only=tuple(name for name in others if not scenario.profile_only or name in kept_out),
        absent=tuple(name for name in DEFAULT_PARAMETERS if name not in known),
        weights=_weights(catalogue, clustered, scenario),
    )


def _without_unknown(catalogue: pl.DataFrame, scenario: Scenario) -> tuple[Scenario, tuple[str, ...]]:
    """The request without the names and patterns that the catalogue lacks, and those of them that would have shaped the clusters."""
    families = dict(catalogue.select("feature", "family").iter_rows())
    lacking = {
        name
        for name in (*scenario.features, *scenario.profile_only, *(name for name, _ in scenario.weights))
        if not _meant(families, name)
    }
    known = replace(
        scenario,
        features=tuple(name for name in scenario.features if name not in lacking),
        profile_only=tuple(name for name in scenario.profile_only if name not in lacking),
        weights=tuple(pair for pair in scenario.weights if pair[0] not in lacking),
    )
    return known, tuple(name for name in scenario.features if name in lacking)


def _weights(catalogue: pl.DataFrame, clustered: Sequence[str], scenario: Scenario) -> tuple[float, ...]:
    """A feature's own name goes before a family or pattern that covers it."""
    found: dict[str, float] = {}
    for pattern, weight in sorted(scenario.weights, key=lambda pair: pair[0] in clustered):
        covered = [name for name in _matching(catalogue, [pattern]) if name in clustered]
        if not covered:
            raise ScenarioError(
                f"{pattern} has a weight, but does not shape the clusters.",
                "Add it to features, or remove its weight.",
            )
        found |= dict.fromkeys(covered, weight)
    return tuple(found.get(name, 1.0) for name in clustered)


def _region() -> pl.Expr:
    return pl.col("region").str.strip_chars().str.to_lowercase()


def _refuse_unknown_formats(features: pl.DataFrame, scenario: Scenario) -> None:
    if scenario.formats and features.filter(pl.col("format").str.to_lowercase().is_in(scenario.formats)).is_empty():
        raise ScenarioError(
            f"No store of this quarter has the format {', '.join(scenario.formats)}.",
            f"Choose from the formats there are: {_counted(features, 'format')}.",
        )


def _refuse_unknown_regions(features: pl.DataFrame, scenario: Scenario) -> None:
    known = set(features.select(_region()).to_series().drop_nulls())
    unknown = [region for region in scenario.regions if region.casefold() not in known]
    if unknown:
        raise ScenarioError(
            f"No store of this quarter is in {', '.join(unknown)}.",
            f"Choose from the regions there are: {_counted(features, 'region')}."
            if known
            else "Deliver a column `region` in the master data of the stores, or leave regions empty.",
        )


def _refuse_sizes_that_do_not_fit(n_stores: int, scenario: Scenario) -> None:
    """A minimum size that nobody asked for only counts for the automatic choice; one that was asked for binds."""
    least, asked = scenario.min_cluster_size, scenario.n_clusters or scenario.min_clusters
    if least is not None and asked * least > n_stores:
        raise ScenarioError(
            f"{asked} clusters of at least {least} stores need {asked * least} stores; there are {n_stores}.",
            f"Ask for at most {n_stores // least} clusters, or a min_cluster_size of at most {n_stores // asked}.",
        )


def _refuse_unknown_stores(features: pl.DataFrame, scenario: Scenario) -> None:
    known = features.get_column("store_id").to_list()
    of_kind = eligible_stores(features, replace(scenario, stores=()))
    eligible = set(of_kind.get_column("store_id").to_list())
    unknown = sorted(set(scenario.stores) - set(known))
    if unknown:
        raise ScenarioError(
            f"{len(unknown)} store(s) are not in this quarter: {_few(unknown)}.",
            f"Correct the identifier{_close(unknown, known)}, or choose a quarter in which the store sold.",
        )
    other = sorted(set(scenario.stores) - eligible)
    if other:
        raise ScenarioError(
            f"{len(other)} of the named stores are not of the format or region asked for: {_few(other)}.",
            "Add their format to formats and their region to regions, leave both empty, or remove these stores.",
        )


def _matching(catalogue: pl.DataFrame, patterns: Iterable[str]) -> list[str]:
    """Features by name, family or pattern."""
    families = dict(catalogue.select("feature", "family").iter_rows())
    matched = []
    for pattern in patterns:
        found = _meant(families, pattern)
        if not found:
            raise ScenarioError(
                f"No feature or family of this quarter is called {pattern}.",
                f"Correct the name{_close([pattern], [*families, *FAMILIES])}; families: {', '.join(sorted(set(families.values())))}; "
                f"features: {', '.join(sorted(families))}.",
            )
        matched += found
    return matched


def _meant(families: Mapping[str, str], pattern: str) -> list[str]:
    return [name for name, family in families.items() if family == pattern or fnmatch.fnmatchcase(name, pattern)]


def _close(asked: Iterable[str], known: Sequence[str]) -> str:
    close = sorted({match for name in asked for match in difflib.get_close_matches(name, known, n=2)})
    return f" (close: {_few(close)})" if close else ""


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _counted(features: pl.DataFrame, column: str) -> str:
    counted = features.drop_nulls(column).group_by(column).len().sort("len", column, descending=[True, False])
    return ", ".join(f"{name} ({count})" for name, count in counted.iter_rows())


def _by_family(catalogue: pl.DataFrame, names: set[str]) -> list[str]:
    families = dict(catalogue.select("feature", "family").iter_rows())
    return sorted(names, key=lambda name: (FAMILIES.index(families[name]), name))


def _by_rank(names: Iterable[str]) -> list[str]:
    rank = {name: place for place, name in enumerate(DEFAULT_PARAMETERS)}
    return sorted(names, key=lambda name: (rank.get(name, len(rank)), name))
