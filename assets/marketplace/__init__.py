"""What should this user be shown now? From the event log to recommendations that are judged before they are shown."""

from assets.marketplace.checks import CHECKS
from assets.marketplace.events import features_of_marketplace, interaction_matrix, marketplace_inbox, settings_in_force
from assets.marketplace.judgement import recommender_on_trial, search_for_parameters
from assets.marketplace.people import pilot_of_experts, pilot_results, recommendation_uptake
from assets.marketplace.recommendations import recommendations_for_everybody

ASSETS = (
    marketplace_inbox,
    settings_in_force,
    interaction_matrix,
    features_of_marketplace,
    search_for_parameters,
    recommender_on_trial,
    recommendations_for_everybody,
    pilot_of_experts,
    pilot_results,
    recommendation_uptake,
)

__all__ = ["ASSETS", "CHECKS", "marketplace_inbox"]
