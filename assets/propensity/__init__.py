"""Whom to offer a settlement account this month? From snapshots of clients to scores that are judged, and a file for the optimiser."""

from assets.propensity.checks import CHECKS
from assets.propensity.features import features_of_clients, propensity_inbox, settings_of_propensity
from assets.propensity.judgement import backtest_of_scores, campaign_effects, file_for_the_optimiser, model_cards
from assets.propensity.scores import scores_of_clients

ASSETS = (
    propensity_inbox,
    settings_of_propensity,
    features_of_clients,
    scores_of_clients,
    backtest_of_scores,
    file_for_the_optimiser,
    campaign_effects,
    model_cards,
)

__all__ = ["ASSETS", "CHECKS", "propensity_inbox"]
