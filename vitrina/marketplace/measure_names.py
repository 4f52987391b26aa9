"""Names of measures and models that checks, tables and reports share; each says how it was measured."""

RERANKER = "reranker"
POPULARITY = "popularity"

PRECISION = "precision_at_10_full_catalogue_repeats_allowed"
HIT_RATE = "hit_rate_at_10_full_catalogue_repeats_allowed"
LIFT = f"lift_over_popularity_of_{PRECISION}"
AUC_UNIFORM = "suitability_1to1_uniform_auc"
PRECISION_UNIFORM = "suitability_1to1_uniform_precision"
LOST_UNIFORM = "suitability_1to1_uniform_lost_offers"
AUC_MATCHED = "suitability_1to1_popularity_matched_auc"
DIVERSITY = "diversity_penalty_chosen"
LATEST_FEATURE = "latest_feature_in_days_before_the_window"
