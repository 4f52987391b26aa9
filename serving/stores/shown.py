"""A clustering as a page shows it: the answer first, then the pictures, then the tables, in one language."""

from __future__ import annotations

from dataclasses import dataclass

from serving.stores.answers import Answer, Cluster, Difference, Leading, Store
from serving.stores.charts import TreePicture, likeness_map, quality_chart, store_map, tree_picture
from serving.stores.naming import Naming
from serving.web.drawing import Chart
from serving.web.languages import speaker
from serving.web.rendering import number, percent
from vitrina.stores.profile import CLUSTERED
from vitrina.stores.stability import StabilityBand

LARGE, MEDIUM, SMALL = 0.8, 0.5, 0.2
"""Sizes of Hedges' g from which a difference is usually called so (Cohen 1988)."""
STRONGEST_Z = 2.0
HEAT_STEPS = 5
MOST_TOLD = 4
"""Differences told of a cluster on its card."""
STORES_ON_A_PAGE = 20

STABILITY_TONES = {"highly stable": "good", "stable": "good", "doubtful": "warn", "unstable": "bad"}


@dataclass(frozen=True)
class Told:
    """One difference in words: what, which way and how much, the two means, and how sure that is."""

    feature: str
    how: str
    up: bool
    mean: str
    rest: str
    size: str
    interval: str


@dataclass(frozen=True)
class Card:
    """A cluster in short.

    Attributes
    ----------
    cluster, name, n_stores, share, revenue, silhouette
        Its figures, as they are read.
    stability, tone, jaccard
        How stable, in a word; None where it was not measured.
    told
        What sets it apart, the strongest first.
    rule, precision, recall
        A rule of thumb; empty without one.
    """

    cluster: int
    name: str
    n_stores: int
    share: str
    revenue: str
    silhouette: str
    stability: StabilityBand | None
    tone: str
    jaccard: str
    told: tuple[Told, ...]
    rule: str
    precision: str
    recall: str


@dataclass(frozen=True)
class HeatRow:
    """A feature beside the network: its cells are a value, how far from the network in words, and a class for the colour."""

    feature: str
    clustered: bool
    network: str
    cells: tuple[tuple[str, str, str], ...]
    eta: str


@dataclass(frozen=True)
class Shown:
    """Everything that the page of a clustering shows.

    Attributes
    ----------
    answer, naming
        What it is of, and how it is called.
    cards, heat
        Clusters, and features.
    place, likeness, quality, tree
        Pictures; None where there is nothing to draw them from.
    choice
        How the number of clusters came about; empty where that is not published.
    dropped
        Features that could not take part, and why.
    """

    answer: Answer
    naming: Naming
    cards: tuple[Card, ...]
    heat: tuple[HeatRow, ...]
    place: Chart | None
    likeness: Chart | None
    quality: Chart | None
    tree: TreePicture | None
    choice: str
    dropped: tuple[str, ...]

    @property
    def watch(self) -> list[str]:
        """What to watch before one acts."""
        return self.answer.watch.get(self.naming.locale, [])


def shown(answer: Answer, naming: Naming) -> Shown:
    """Make a clustering ready for a page."""
    locale = naming.locale
    return Shown(
        answer=answer,
        naming=naming,
        cards=_cards(answer, naming),
        heat=_heat(answer, naming),
        place=store_map(answer, naming.clusters, locale),
        likeness=likeness_map(answer, naming.clusters, locale),
        quality=quality_chart(answer.measures, locale),
        tree=tree_picture(answer, locale),
        choice="" if answer.choice is None else answer.choice.describe(naming.translate),
        dropped=tuple(f"{naming.feature(name)}: {naming.translate(reason)}" for name, reason in answer.dropped.items()),
    )


def _cards(answer: Answer, naming: Naming) -> tuple[Card, ...]:
    return tuple(_card(answer, one, naming) for one in answer.clusters)


def _card(answer: Answer, one: Cluster, naming: Naming) -> Card:
    locale = naming.locale
    stability = naming.stability(one.jaccard)
    rule = _best([rule for rule in answer.rules if rule.cluster == one.cluster])
    found = [row for row in answer.differences if row.cluster == one.cluster]
    told = [words for row in found if (words := _told(row, naming))] or _told_by_z(answer, one.cluster, naming)
    return Card(
        cluster=one.cluster,
        name=naming.name(one.cluster),
        n_stores=one.n_stores,
        share=percent(one.n_stores / len(answer.stores), locale),
        revenue=naming.amount(one.revenue),
        silhouette=number(one.silhouette, locale, 2),
        stability=stability,
        tone="" if stability is None else STABILITY_TONES[stability.name],
        jaccard=number(one.jaccard, locale, 2),
        told=tuple(told[:MOST_TOLD]),
        rule=naming.wording.rule(rule.conditions) if rule else "",
        precision=percent(rule.precision, locale) if rule else "",
        recall=percent(rule.recall, locale) if rule else "",
    )


def _best(rules: list[Leading]) -> Leading | None:
    return max(rules, key=lambda rule: rule.precision * rule.recall, default=None)


def _told(row: Difference, naming: Naming) -> Told | None:
    if row.difference is None or abs(row.difference) < SMALL:
        return None
    signed = naming.wording.signed
    interval = f"{signed(row.low)} … {signed(row.high)}" if row.low is not None and row.high is not None else ""
    return Told(
        feature=naming.heading(row.feature),
        how=_how(row.difference, naming),
        up=row.difference > 0,
        mean=naming.value(row.feature, row.mean),
        rest=naming.value(row.feature, row.rest_mean),
        size=signed(row.difference),
        interval=interval,
    )


def _told_by_z(answer: Answer, cluster: int, naming: Naming) -> list[Told]:
    """Where only means are published: beside the network instead of the other stores."""
    places = [one.cluster for one in answer.clusters]
    place = places.index(cluster)
    found = [(row, row.zs[place]) for row in answer.profile if place < len(row.zs)]
    known = sorted(((row, z) for row, z in found if z is not None and abs(z) >= SMALL), key=lambda pair: -abs(pair[1]))
    return [
        Told(
            feature=naming.heading(row.feature),
            how=_how(z, naming),
            up=z > 0,
            mean=naming.value(row.feature, row.means[place]),
            rest=naming.value(row.feature, row.network_mean),
            size=naming.wording.signed(z),
            interval="",
        )
        for row, z in known
    ]


def _how(size: float, naming: Naming) -> str:
    say = speaker(naming.locale)
    if abs(size) >= LARGE:
        return str(say("much higher") if size > 0 else say("much lower"))
    if abs(size) >= MEDIUM:
        return str(say("clearly higher") if size > 0 else say("clearly lower"))
    return str(say("somewhat higher") if size > 0 else say("somewhat lower"))


def _heat(answer: Answer, naming: Naming) -> tuple[HeatRow, ...]:
    say = speaker(naming.locale)
    return tuple(
        HeatRow(
            feature=naming.heading(row.feature),
            clustered=row.role == CLUSTERED,
            network=naming.value(row.feature, row.network_mean),
            cells=tuple(
                (naming.value(row.feature, mean), "" if z is None else say("{z} σ", z=naming.wording.signed(z)), heat_class(z))
                for mean, z in zip(row.means, row.zs, strict=True)
            ),
            eta=percent(row.eta_squared, naming.locale),
        )
        for row in answer.profile
    )


def heat_class(z: float | None) -> str:
    """The class of a cell's colour: fixed steps, so that two pages compare.

    >>> heat_class(-9.0), heat_class(0.1), heat_class(1.3), heat_class(None)
    ('cold5', 'even', 'warm3', 'even')
    """
    step = 0 if z is None else round(max(-1.0, min(1.0, z / STRONGEST_Z)) * HEAT_STEPS)
    return f"warm{step}" if step > 0 else f"cold{-step}" if step < 0 else "even"


@dataclass(frozen=True)
class StorePage:
    """A page of the list of stores.

    Attributes
    ----------
    rows
        The stores of this page.
    total, offset, limit
        How many there are, and which these are.
    text, cluster
        What was searched for.
    """

    rows: tuple[Store, ...]
    total: int
    offset: int
    limit: int
    text: str
    cluster: int | None


def store_page(answer: Answer, *, text: str = "", cluster: int | None = None, offset: int = 0) -> StorePage:
    """The stores whose name, identifier, region or format holds a text, and that are in a cluster."""
    wanted = text.strip().casefold()
    found = [store for store in answer.stores if (cluster is None or store.cluster == cluster) and _holds(store, wanted)]
    return StorePage(tuple(found[offset : offset + STORES_ON_A_PAGE]), len(found), offset, STORES_ON_A_PAGE, text.strip(), cluster)


def _holds(store: Store, wanted: str) -> bool:
    if not wanted:
        return True
    return any(wanted in (text or "").casefold() for text in (store.id, store.name, store.region, store.format))
