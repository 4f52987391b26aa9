"""Every table of the product, from the inbox to what goes to the optimiser. Marts are declared in `dbt_project`."""

import datetime as dt

from vitrina.propensity.campaign_tables import CAMPAIGN_TABLES
from vitrina.propensity.raw_tables import CLIENT, PROPENSITY, RAW_TABLES, PropensityDeliveries, PropensityRefusedRows
from vitrina.tables import Table, column, family

MONTH = "First day of the month of the snapshot."
FAMILIES = ("logistic", "boosted")
SOURCES = ("snapshot", "payments", "texts")
KINDS = ("number", "category", "text")


class PropensitySettings(Table, product=PROPENSITY, published=True):
    """One row: the settings in force when the population was chosen."""

    segments: str = column("Segments that are small business, lower case, separated by a vertical bar; empty for everybody.")
    liquidated_statuses: str = column("Legal statuses that mean the firm is no more, lower case, separated by a vertical bar.")
    excluded_okved: str = column("Beginnings of OKVED codes that are never offered the account, separated by a vertical bar.")
    horizon_months: int = column("Months ahead in which an opening counts.", unit="months", ge=1)
    rule_version: str = column("Fingerprint of these rules, for the audit.")


class ClientFeatures(Table, product=PROPENSITY, partitioned_by="month"):
    """One row per client and month that may be offered the account: what was known before the snapshot."""

    month: dt.date = column(MONTH, key=True)
    client_id: str = column(CLIENT, key=True, personal=True)
    snapshot_date: dt.date = column("Day of the snapshot.")
    t_text: str = column("All texts about the client that were known by then.", nullable=True, personal=True)
    numbers: float = family(r"n_\w+", "A number known on the day of the snapshot.")
    categories: str = family(r"c_\w+", "A category known on the day of the snapshot.")


class PropensityFeatureCatalogue(Table, product=PROPENSITY, name="feature_catalogue", published=True, partitioned_by="month"):
    """One row per month and feature: where it comes from, how full it is, and how late the facts are that it rests on."""

    month: dt.date = column(MONTH, key=True)
    feature: str = column("Column of `client_features`.", key=True)
    source: str = column("What it comes from.", isin=SOURCES)
    kind: str = column("What it holds.", isin=KINDS)
    label: str = column("Name for people: the delivered column's own name.")
    missing_share: float = column("Share of clients without a value.", unit="ratio", ge=0, le=1)
    distinct: int = column("Different values.", ge=0)
    latest_known_at: dt.date = column("Day of the latest fact that it rests on.", nullable=True)
    snapshot_date: dt.date = column("Day of the snapshot: no fact may be later.")


class FeatureSuspicions(Table, product=PROPENSITY, published=True, partitioned_by="month"):
    """One row per scored month and column that gives the answer away, by the months that the model learnt from."""

    month: dt.date = column("Month that is scored.", key=True)
    feature: str = column("Column of `client_features`.", key=True)
    gini: float = column("Gini of the column alone.", nullable=True)
    why: str = column("Why it is suspected.")


class PropensityTrials(Table, product=PROPENSITY, published=True, partitioned_by="month"):
    """One row per scored month, family of model, parameter setting and fold: how well the setting ranked a later month."""

    month: dt.date = column("Month that is scored.", key=True)
    family: str = column("Logistic regression, or boosted trees.", key=True, isin=FAMILIES)
    trial: int = column("Number of the setting.", key=True, ge=0)
    fold: dt.date = column("Month that it was judged on; the model learnt from months before.", key=True)
    parameters: str = column("Parameters, as JSON.")
    gini: float = column("Gini on the fold.", nullable=True)
    clients: int = column("Clients of the fold.", unit="clients", ge=0)
    openings: int = column("Openings among them.", unit="openings", ge=0)
    chosen: bool = column("Whether this setting was taken.")


class PropensityModels(Table, product=PROPENSITY, published=True, partitioned_by="month"):
    """One row per month and family of model: what it learnt from, how it was checked, whether it makes the scores."""

    month: dt.date = column("Month that is scored.", key=True)
    family: str = column("Logistic regression, or boosted trees.", key=True, isin=FAMILIES)
    version: str = column("Name of the model.")
    makes_scores: bool = column("Whether the scores of the month are its own.")
    learnt_from: dt.date = column("First month that it learnt from.")
    learnt_until: dt.date = column("Last month that it learnt from.")
    calibrated_on: dt.date = column("Month whose level the probabilities have, and which the rehearsal was asked about.")
    rehearsed_until: dt.date = column("Last month that the rehearsal learnt from: over on the day of that month's snapshot.")
    clients: int = column("Clients that it learnt from.", unit="clients", ge=1)
    openings: int = column("Openings among them.", unit="openings", ge=1)
    features: int = column("Features that take part.", ge=1)
    parameters: str = column("Parameters, as JSON.")
    gini_held_out: float = column("Gini of the rehearsal on the month of calibration, which it had not learnt from.", nullable=True)
    ahead: float = column(
        "Its gini less that of the other model, over the newest months that neither had learnt from.", nullable=True
    )
    ahead_low: float = column("Lower end of the 95 % interval.", nullable=True)
    ahead_high: float = column("Upper end of it.", nullable=True)
    path: str = column("File of the model, relative to the data folder.")
    fingerprint: str = column("SHA-256 of the file.", pattern="^[0-9a-f]{64}$")
    sql: str = column("The score as a SELECT over `client_features`; for logistic regression alone.", nullable=True)


class ModelPredictions(Table, product=PROPENSITY, partitioned_by="month"):
    """One row per client and month: what every model and every simple rule said, to be judged when the openings are known."""

    month: dt.date = column(MONTH, key=True)
    client_id: str = column(CLIENT, key=True, personal=True)
    logistic: float = column("Calibrated probability by logistic regression.", ge=0, le=1)
    logistic_uncalibrated: float = column("The same before calibration.", ge=0, le=1)
    boosted: float = column("Calibrated probability by boosted trees.", ge=0, le=1)
    boosted_uncalibrated: float = column("The same before calibration.", ge=0, le=1)
    scores: float = column("Calibrated probability of the model that makes the scores.", ge=0, le=1)
    scores_uncalibrated: float = column("The same before calibration.", ge=0, le=1)
    one_column: float = column("Probability by logistic regression on the best single feature.", nullable=True, ge=0, le=1)
    without_payments: float = column("By logistic regression that knows no payments.", nullable=True, ge=0, le=1)
    without_texts: float = column("By logistic regression that knows no texts.", nullable=True, ge=0, le=1)
    without_calendar: float = column(
        "By logistic regression without the columns that are the same for all clients of a month.", nullable=True, ge=0, le=1
    )


class PropensityScores(Table, product=PROPENSITY, published=True, partitioned_by="month"):
    """One row per client and month: how likely the account is opened within the horizon, and why."""

    month: dt.date = column(MONTH, key=True)
    client_id: str = column(CLIENT, key=True, personal=True)
    probability: float = column("Calibrated probability.", unit="ratio", ge=0, le=1)
    rank: int = column("Place by probability, 1 the likeliest.", ge=1)
    decile: int = column("Tenth of the clients, 1 the likeliest.", ge=1, le=10)
    reason_en: str = column("What speaks most for it, in English.")
    reason_ru: str = column("What speaks most for it, in Russian.")
    version: str = column("Model that made the score.")


class PropensityBacktest(Table, product=PROPENSITY, published=True):
    """One row per scored month whose openings are known, model, measure and segment: how good the scores have been."""

    month: dt.date = column(MONTH, key=True)
    scorer: str = column("Model, or what a sceptic would use instead.", key=True)
    measure: str = column("What is measured, named in full.", key=True)
    segment_kind: str = column("What clients are divided by; `all` for everybody.", key=True)
    segment: str = column("Which of them; `all` for everybody.", key=True)
    value: float = column("Value; empty below 30 openings.", nullable=True)
    low: float = column("Lower end of the 95 % interval, by bootstrap over clients.", nullable=True)
    high: float = column("Upper end of it.", nullable=True)
    clients: int = column("Clients.", unit="clients", ge=0)
    openings: int = column("Openings among them.", unit="openings", ge=0)


class PropensityDeciles(Table, product=PROPENSITY, published=True):
    """One row per scored month whose openings are known and decile: what was promised, and what came."""

    month: dt.date = column(MONTH, key=True)
    decile: int = column("Tenth of the clients, 1 the likeliest.", key=True, ge=1, le=10)
    clients: int = column("Clients.", unit="clients", ge=0)
    openings: int = column("Openings among them.", unit="openings", ge=0)
    mean_probability: float = column("What was promised, on average.", unit="ratio", nullable=True)
    rate: float = column("What came.", unit="ratio", nullable=True)
    lift: float = column("Rate over that of all clients.", unit="ratio", nullable=True)
    gain: float = column("Share of all openings in this decile and those before it.", unit="ratio", nullable=True)


class PropensityDrift(Table, product=PROPENSITY, published=True, partitioned_by="month"):
    """One row per month and feature, and one for the score: how far it has moved from what the model learnt from."""

    month: dt.date = column(MONTH, key=True)
    feature: str = column("Column of `client_features`, or `score`.", key=True)
    psi: float = column("Population stability index.", ge=0)
    has_drifted: bool = column("Whether the index is above the limit.")
    constant_within_month: bool = column("Whether it is the same for all clients of a month.")
    proposal: str = column("Why it should be left out; empty where nothing is proposed.", nullable=True)


class ModelCards(Table, product=PROPENSITY, published=True):
    """One row per month and language: what the model is, what it learnt from, how good it has been, where its limits are."""

    month: dt.date = column("Month that is scored.", key=True)
    locale: str = column("Language.", key=True, isin=("en", "ru"))
    version: str = column("Model that is described.")
    card: str = column("The card, as Markdown.")


MODEL_TABLES = (
    PropensitySettings,
    ClientFeatures,
    PropensityFeatureCatalogue,
    FeatureSuspicions,
    PropensityTrials,
    PropensityModels,
    ModelPredictions,
    PropensityScores,
    PropensityBacktest,
    PropensityDeciles,
    PropensityDrift,
    ModelCards,
)
TABLES: tuple[type[Table], ...] = (PropensityDeliveries, PropensityRefusedRows, *RAW_TABLES, *MODEL_TABLES, *CAMPAIGN_TABLES)
