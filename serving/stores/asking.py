"""Asking for clusters: a request is held against what is published before it is taken."""

from __future__ import annotations

import datetime as dt

from serving.stores.asking_form import title_of
from serving.stores.desk import Desk
from serving.stores.published import features_of
from serving.web.versions import Version
from serving.web.visitors import Visitor
from vitrina.errors import ScenarioError
from vitrina.state.cluster_requests import ClusterRequest
from vitrina.stores.asking import MAX_REQUEST
from vitrina.stores.scenario import Scenario
from vitrina.stores.selection import select_features, select_stores


def ask(desk: Desk, visitor: Visitor, *, quarter: dt.date, scenario: Scenario, title: str) -> ClusterRequest:
    """Take a request of whoever asks.

    Raises
    ------
    ScenarioError
        It cannot be answered with the quarter's stores and features: told at once, not after a wait.
    Problem
        429: they wait for too many already.
    PublicationError
        Nothing is published that could be clustered.
    """
    version = visitor.view["stores"]
    refuse_impossible(version, quarter, scenario)
    return desk.ask(
        by=visitor.name, title=title_of(title), quarter=quarter, scenario=scenario, version=version.name, now=visitor.now
    )


def ask_again(desk: Desk, visitor: Visitor, asked: ClusterRequest, title: str = "") -> ClusterRequest:
    """Ask the same of the version that is in force now."""
    return ask(desk, visitor, quarter=asked.quarter, scenario=Scenario.from_json(asked.scenario), title=title or asked.title)


def refuse_impossible(version: Version, quarter: dt.date, scenario: Scenario) -> None:
    """Hold a request against a quarter's stores and features.

    Raises
    ------
    ScenarioError
        The quarter has no features, or the request means none of its stores, or features that it does not have.
    """
    if len(scenario.to_json()) > MAX_REQUEST:
        raise ScenarioError("The request is too long.", "Name formats or regions instead of so many stores.")
    features, catalogue = features_of(version, quarter)
    window = scenario.window_quarters
    of_window = [frame.filter(frame.get_column("window_quarters") == window) for frame in (features, catalogue)]
    if of_window[0].is_empty():
        raise ScenarioError(f"{quarter} has no features over {window} quarter(s).", "Choose the other window.")
    select_stores(of_window[0], scenario)
    select_features(of_window[1], scenario)
