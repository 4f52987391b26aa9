"""How good the recommendations are, measured on a time that the models have not seen."""

import datetime as dt

from vitrina.marketplace.raw_tables import MARKETPLACE
from vitrina.tables import Table, column

SCORERS = ("popularity", "item_knn", "lightfm", "reranker")
WINDOWS = ("validation", "test")


class ModelTrials(Table, product=MARKETPLACE, published=True):
    """One row per parameter setting and rolling fold: how well it ranked the fold's purchases, unseen by it."""

    scorer: str = column("Model.", key=True, isin=SCORERS)
    trial: int = column("Number of the setting.", key=True, ge=0)
    fold: dt.date = column("First day of the fold; the model knows what was before.", key=True)
    parameters: str = column("Parameters, as JSON.")
    measure: str = column("What is measured, named in full.")
    training: float = column(
        "The measure on what the model was fitted on; far above `value`, it has learnt by heart.", nullable=True
    )
    value: float = column("The measure on the fold.")
    n: int = column("Users that it is measured on.", unit="users", ge=0)
    chosen: bool = column("Whether this setting went on to the test.")


class ChosenParameters(Table, product=MARKETPLACE, published=True):
    """One row: the parameters that the search on rolling folds has chosen, and that everything later is fitted with."""

    as_of: dt.date = column("Day after the last event of the log.", key=True)
    parameters: str = column("Parameters, as JSON.")
    trials: int = column("Settings that were tried.", ge=0)
    folds: int = column("Folds that they were tried on.", ge=0)


class RecommenderQuality(Table, product=MARKETPLACE, published=True):
    """One row per day of judgement, window, model, measure and segment: the value with its interval; earlier days stay."""

    as_of: dt.date = column("Day after the last event of the log that was judged.", key=True)
    window: str = column("Validation, or the test that nothing was tuned on.", key=True, isin=WINDOWS)
    scorer: str = column("Model.", key=True)
    measure: str = column("What is measured, named in full.", key=True)
    segment_kind: str = column("What users are divided by; `all` for everybody.", key=True)
    segment: str = column("Which of them; `all` for everybody.", key=True)
    window_from: dt.date = column("First day of the window.")
    window_until: dt.date = column("Day after the window.")
    value: float = column("Value.", nullable=True)
    low: float = column("Lower end of the 95 % interval, by bootstrap over users.", nullable=True)
    high: float = column("Upper end of it.", nullable=True)
    n: int = column("Users that it is measured on.", unit="users", ge=0)


class CustomerTargets(Table, product=MARKETPLACE, published=True):
    """One row per target of the customer, named in full: what was asked, what was reached."""

    as_of: dt.date = column("Day after the last event of the log that was judged.", key=True)
    target: str = column("What is asked for, with the ratio and kind of negatives in its name.", key=True)
    bar: float = column("The value asked for.")
    at_least: bool = column("Whether the value should be at least, or at most, the bar.")
    value: float = column("The value reached on the test window.", nullable=True)
    holds: bool = column("Whether it was reached.")


class RerankerImportance(Table, product=MARKETPLACE, published=True):
    """One row per feature of the re-ranker: what is lost on the validation window when its values are shuffled."""

    feature: str = column("Feature.", key=True)
    meaning: str = column("What it says.")
    loss_of_auc: float = column("Mean loss of the area under the ROC curve.")
    spread: float = column("Standard deviation over repeated shuffles.", ge=0)


class RecommendationStability(Table, product=MARKETPLACE, published=True):
    """One row per kind of change: how much of a user's top ten stays when nothing that matters has changed."""

    compared: str = column("What differs.", key=True, isin=("another seed", "trained a week earlier"))
    overlap_at_10: float = column("Mean share of the top ten that both hold.", ge=0, le=1)
    low: float = column("Lower end of the 95 % interval, by bootstrap over users.", ge=0, le=1)
    high: float = column("Upper end of it.", ge=0, le=1)
    n: int = column("Users.", unit="users", ge=0)


class PriceSanity(Table, product=MARKETPLACE, published=True):
    """One row per tried user: one dear purchase is added to a history without such; how much the list turns dear."""

    case: int = column("Number of the tried user.", key=True, ge=1)
    dear_from_minor: int = column("What counts as dear: above the 97th percentile.", unit="minor currency units", ge=0)
    share_before: float = column("Share of dear items in the top ten before.", ge=0, le=1)
    share_after: float = column("The same after the dear purchase; that very item left out.", ge=0, le=1)


JUDGEMENT_TABLES: tuple[type[Table], ...] = (
    ModelTrials,
    ChosenParameters,
    RecommenderQuality,
    CustomerTargets,
    RerankerImportance,
    RecommendationStability,
    PriceSanity,
)
