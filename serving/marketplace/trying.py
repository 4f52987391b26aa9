"""What a user would be shown, tried out by a person: with a page, with events of a session, and beside what everybody is shown.

Nothing of it is written down, and no identifier leaves the form that it was typed into.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Literal

from serving.marketplace.answering import Question, personal, popular
from serving.marketplace.published_lists import Suggestion
from serving.marketplace.shelf import Shelf
from serving.marketplace.writing_out import because
from vitrina.marketplace.factors import NOBODY, Factors
from vitrina.marketplace.session import RecentEvent
from vitrina.marketplace.showing import bucket_of
from vitrina.marketplace.tables import KINDS
from vitrina.pseudonyms import MARK

ITEMS = 10
MOST_HISTORY = 60
MOST_SESSION = 20

Example = Literal["regular", "occasional", "new"]
_BOUGHT: dict[Example, tuple[int, int]] = {"regular": (15, 10**9), "occasional": (2, 8), "new": (0, 0)}
"""How many different items examples have bought."""


@dataclass(frozen=True)
class Place:
    """A place of a list, as a person reads it.

    Attributes
    ----------
    item_id, title, category
        The item.
    because
        Why it is there, as a sentence.
    before
        Its place without the page and the session; None where it was not among the ten.
    """

    item_id: str
    title: str
    category: str | None
    because: str
    before: int | None


@dataclass(frozen=True)
class Trial:
    """What a user would be shown.

    Attributes
    ----------
    user
        Pseudonym; None for a stranger.
    is_known
        Whether anything is known of them.
    bucket
        Part of the experiment they are in; None for a stranger.
    scorer
        What has made the list.
    page
        The item whose page is open, and its title.
    session
        Events of the session: as they are sent, their kind, and the title of their item; the latest last.
    places
        The list.
    popular
        What everybody is shown.
    bought, n_bought
        What they have bought, as far as it is shown here, and how much it is.
    lacking
        Why there is no personal answer; None where there is.
    """

    user: str | None
    is_known: bool
    bucket: str | None
    scorer: str
    page: tuple[str, str] | None
    session: tuple[dict[str, Any], ...]
    places: tuple[Place, ...]
    popular: tuple[Place, ...]
    bought: tuple[tuple[str, str], ...]
    n_bought: int
    lacking: str | None

    @property
    def has_context(self) -> bool:
        """Whether there is a page or a session, so that the list may differ from that without."""
        return bool(self.page or self.session)


def tried(shelf: Shelf, question: Question, *, locale: str, repeats: bool, holdout_share: float) -> Trial:
    """Try a question out.

    Parameters
    ----------
    shelf
        What a worker has at hand.
    question
        Who is where, and what they did.
    locale
        Language of reasons.
    repeats, holdout_share
        As the settings say.
    """
    without = Question(question.user, None, (), question.n, question.platform, question.price_band)
    shown = personal(shelf, question, repeats=repeats)
    before = personal(shelf, without, repeats=repeats)
    everybody = popular(shelf, question)
    found = shown or everybody
    places = {one.item_id: place for place, one in enumerate(before.items if before else (), start=1)}
    factors = shelf.factors
    code = NOBODY if factors is None else factors.user_code(question.user)
    bought = () if factors is None else _bought(factors, code)
    return Trial(
        user=question.user,
        is_known=code != NOBODY or bool(shelf.lists.find(question.user)),
        bucket=None if question.user is None else bucket_of(question.user, holdout_share),
        scorer=found.scorer,
        page=None if not question.page_item else (question.page_item, _title(shelf, question.page_item)),
        session=tuple(_event(shelf, event) for event in question.recent),
        places=tuple(_place(shelf, one, locale, places) for one in found.items),
        popular=tuple(_place(shelf, one, locale, {}) for one in everybody.items),
        bought=tuple((item, _title(shelf, item)) for item in bought[:MOST_HISTORY]),
        n_bought=len(bought),
        lacking=None if shown or shelf.lacking is None else str(shelf.lacking),
    )


def changed(
    recent: tuple[RecentEvent, ...], page_item: str, *, add: str = "", remove: int | None = None
) -> tuple[tuple[RecentEvent, ...], str]:
    """The session and the page after a button was pressed.

    >>> changed((RecentEvent("1", "view"),), "", add="cart:2")
    ((RecentEvent(item_id='1', kind='view'), RecentEvent(item_id='2', kind='cart')), '')
    >>> changed((RecentEvent("1", "view"),), "", add="page:2"), changed((RecentEvent("1", "view"),), "2", remove=0)
    (((RecentEvent(item_id='1', kind='view'),), '2'), ((), '2'))
    """
    kind, colon, item = add.partition(":")
    if kind == "page" and colon:
        return recent, item
    if kind in KINDS and item:
        recent = (*recent, RecentEvent(item, kind))[-MOST_SESSION:]
    if remove is not None and remove < len(recent):
        recent = recent[:remove] + recent[remove + 1 :]
    return recent, page_item


def example_user(shelf: Shelf, kind: Example, rng: random.Random) -> str | None:
    """Somebody of that kind, as a form sends them; None where there is nobody."""
    factors = shelf.factors
    if factors is None or not factors.user_hashes.size:
        return None
    low, high = _BOUGHT[kind]
    n_bought = factors.seen_indptr[1:] - factors.seen_indptr[:-1]
    found = ((n_bought >= low) & (n_bought <= high)).nonzero()[0]
    if not found.size:
        return None
    return MARK + str(factors.user_hashes[int(found[rng.randrange(found.size)])], "ascii")


def _bought(factors: Factors, code: int) -> tuple[str, ...]:
    return tuple(str(factors.item_ids[item]) for item in factors.seen(code).tolist())


def _title(shelf: Shelf, item_id: str) -> str:
    return shelf.about(item_id).title or item_id


def _event(shelf: Shelf, event: RecentEvent) -> dict[str, Any]:
    known = shelf.factors is None or shelf.factors.item_code(event.item_id) != NOBODY
    return {"sent": f"{event.kind}:{event.item_id}", "kind": event.kind, "title": _title(shelf, event.item_id), "known": known}


def _place(shelf: Shelf, one: Suggestion, locale: str, places: dict[str, int]) -> Place:
    about = shelf.about(one.item_id)
    return Place(one.item_id, about.title or one.item_id, about.category, because(shelf, one, locale), places.get(one.item_id))
