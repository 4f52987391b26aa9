"""Searching the index of a published version: what opens beside its tables, what is asked of it first, and what a search gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from serving.posts.channels import channel_names
from serving.web.versions import Version
from vitrina.posts.answering import Answered, Answerer
from vitrina.posts.embedding import NAVEC
from vitrina.posts.highlighting import Highlight, highlights
from vitrina.posts.hits import Hit
from vitrina.posts.published import answerer_of
from vitrina.posts.search import LONGEST_QUERY, SearchResult
from vitrina.settings import Settings

LONGEST_QUESTION = LONGEST_QUERY
"""Characters: as many as a search looks at."""

MOST_POSTS = 50
QUICK = 120
"""Characters of a question up to which a search takes a millisecond or two, whatever it is made of."""

_FIRST_QUESTIONS = (
    "Когда вы открываетесь в воскресенье?",
    "сколько стоит достваака",
    "Как вернуть товар без чека?",
    "opening hours",
)


@dataclass(frozen=True)
class FoundPost:
    """A post that was found, and what is marked in its passage."""

    hit: Hit
    marked: tuple[Highlight, ...]


@dataclass(frozen=True)
class Found:
    """What a search gives.

    Attributes
    ----------
    posts
        The best first.
    corrected
        Words that were taken for mistyped, and what was searched instead.
    result
        All that the searcher says.
    """

    posts: tuple[FoundPost, ...]
    corrected: tuple[tuple[str, str], ...]
    result: SearchResult = field(compare=False)


@dataclass(frozen=True)
class Said:
    """What the bot would do.

    Attributes
    ----------
    answered
        Whether it answers, and with which quote.
    marked
        What is marked in the quote.
    """

    answered: Answered
    marked: tuple[Highlight, ...]


@dataclass(frozen=True)
class Search:
    """The index of a version, and the model that says how sure an answer is.

    Attributes
    ----------
    answerer
        Of this very version.
    channels
        What can be searched.
    is_built_in
        Whether vectors of questions come from this process, and not from a model that others wait for.
    """

    answerer: Answerer
    channels: frozenset[str]
    is_built_in: bool

    def is_quick(self, question: str) -> bool:
        """Whether another thread would take longer than the search."""
        return self.is_built_in and len(question) <= QUICK

    def find(self, question: str, channels: Sequence[str] | None, k: int) -> Found:
        """Posts that a question is about.

        Parameters
        ----------
        question
            As it was asked.
        channels
            Where to look; None for everywhere. Nothing of any other channel comes back.
        k
            Posts, at most.
        """
        result = self.answerer.searcher.search(question, channels, k=k)
        posts = tuple(FoundPost(hit, tuple(highlights(hit.text, result.terms))) for hit in result.hits)
        corrected = result.corrected
        if channels is not None and corrected:
            # a spelling may come from a post of another channel: it is told where a post that is shown has it, too
            seen = {one.lemma for post in posts for one in post.marked}
            corrected = tuple(pair for pair in corrected if {one.lemma for one in highlights(pair[1], result.terms)} & seen)
        return Found(posts, corrected, result)

    def say(self, question: str, found: Found) -> Said:
        """What the bot would say to a question of which `find` has found that."""
        answered = self.answerer.weigh(question, found.result)
        return Said(answered, tuple(highlights(answered.quote, found.result.terms)))


def open_search(settings: Settings, version: Version) -> Search:
    """The companion of a version.

    Raises
    ------
    VitrinaError
        The version holds no index, or its folder cannot be opened.
    """
    cursor = version.cursor()
    try:
        answerer = answerer_of(settings, cursor)
    finally:
        cursor.close()
    (row,) = version.rows("SELECT model FROM post_indexes LIMIT 1")
    return Search(answerer, frozenset(answerer.searcher.channels), str(row["model"]).startswith(NAVEC))


def search_of(version: Version) -> Search:
    """The companion, as `open_search` has opened it.

    Raises
    ------
    VitrinaError
        It could not be opened.
    """
    found: Search = version.companion()
    return found


def warm(version: Version) -> None:
    """Ask what people ask: dictionaries are loaded with the first words, and files are read as they are searched."""
    search = search_of(version)
    asked = list(_FIRST_QUESTIONS)
    if version.has("mart_repeated_questions"):
        frequent = version.rows("SELECT question FROM mart_repeated_questions ORDER BY times_asked DESC, group_id LIMIT 40")
        asked += [row["question"] for row in frequent]
    channel_names(version)
    for question in asked:
        search.say(question, search.find(question, None, 10))
