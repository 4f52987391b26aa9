"""Questions of subscribers, whoever was asked, in groups of those that ask for the same."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

import polars as pl

from vitrina.posts.language import content_lemmas, words
from vitrina.posts.raw_tables import QUESTION_LENGTH
from vitrina.posts.redaction import MARKERS
from vitrina.posts.tables import AskedQuestions
from vitrina.pseudonyms import pseudonym

ALIKE = 0.6
"""Weighted Jaccard similarity from which two questions ask for the same."""

REMEMBERED_DAYS = 90
"""Days after which a question that comes again is not a repeated one."""

_COLUMNS = ("question_id", "source", "platform", "chat_id", "user_hash", "asked_at", "text", "outcome")

_ASKED_FOR = {
    "place": "где куда откуда where",
    "time": "когда when",
    "amount": "сколько скольки",
    "reason": "почему зачем отчего why",
    "person": "кто кому кого who whom",
}
_ASPECTS = {word: aspect for aspect, spelt in _ASKED_FOR.items() for word in spelt.split()}
# who asks, and how, says nothing of what is asked for
_GREETING = re.compile(r"\b(?:добр\w+|хорош\w+)\s+(?:день|дня|вечер\w*|утр\w+|ноч\w+|времени\s+суток)", re.IGNORECASE)
_COURTESY = frozenset(
    {
        *("подсказать", "сказать", "пожалуйста", "плиз", "пж", "здравствуйте", "здравствовать", "привет", "ребята", "народ"),
        *("знать", "кто-нибудь", "нибудь", "уточнить", "напомнить", "посоветовать", "интересовать", "хотеть", "узнать", "можно"),
        *("pleas", "hello", "hi", "know", "anyon", "tell", "somebodi", "someon"),
    }
)
_MARKER = re.compile("|".join(map(re.escape, MARKERS)))


def asked_questions(raw_asked: pl.DataFrame, chat_questions: pl.DataFrame, key: bytes, *, alike: float = ALIKE) -> pl.DataFrame:
    """What the bot was asked and what exported chats hold, once each, with the group of questions that ask for the same.

    A question that was delivered again counts as last delivered; one that both the bot and an export have is the bot's.
    A question is a repeated one where its group was asked in the same chat in the 90 days before, by whomever.

    Parameters
    ----------
    raw_asked
        Table `RawAsked`.
    chat_questions
        Table `RawChatMessages`; answers are left out.
    key
        The key of pseudonyms, from `vitrina.pseudonyms.user_key`: the bot has made its identifiers of questions with it.
    alike
        Similarity from which questions ask for the same, 0 to 1; see `groups_of`.

    Returns
    -------
    polars.DataFrame
        Table `AskedQuestions`, in order of time; what the index says of the questions is empty.

    Raises
    ------
    SettingsError
        The key is too short to keep anything secret.
    InvalidTableError
        The tables hold what they may not.
    """
    of_bot, of_chats = _of_bot(raw_asked), _of_chats(chat_questions, key)
    both = pl.concat([of_bot, of_chats.join(of_bot, on="question_id", how="anti")]).sort("asked_at", "question_id")
    first = groups_of(both.get_column("text").to_list(), alike=alike)
    grouped = both.with_columns(both.get_column("question_id").gather(first).alias("group_id"))
    judged = grouped.with_columns(_repeated()).with_columns(answerable=None, probability=None, index_version=None)
    schema = AskedQuestions.polars_schema()
    return AskedQuestions.check(judged.select(pl.col(name).cast(dtype) for name, dtype in schema.items()))


def groups_of(texts: Iterable[str], *, alike: float = ALIKE) -> list[int]:
    """Group questions that ask for the same, each with the most similar of those that came first in their groups.

    Questions are sets of lemmas without stop words and courtesies. Their similarity is that of Jaccard, each lemma weighted
    by how rare it was among the questions *before*: what is asked later changes no earlier group. Questions for different
    aspects of one thing (when and where) are never alike.

    Of twenty paraphrases written by hand, 17 are alike, and of twenty pairs that ask for another thing in the same words
    otherwise, none is. Of questions in many words, two that differ in one are alike all the same.

    Parameters
    ----------
    texts
        Questions in order of time.
    alike
        Weight of the lemmas that two questions share, over that of all their lemmas, from which they are alike; 0 to 1.

    Returns
    -------
    list of int
        For each question the place of the first of its group, its own where it is the first.

    References
    ----------
    Leader clustering: J. A. Hartigan (1975), Clustering Algorithms, chapter 3. Looking only at those who share one of the
    heaviest lemmas: S. Chaudhuri, V. Ganti, R. Kaushik (2006), A primitive operator for similarity joins, ICDE.
    """
    leaders = _Leaders(alike)
    return [leaders.group(text) for text in texts]


class _Leaders:
    """The first question of each group so far, and how often each lemma has been asked for."""

    def __init__(self, alike: float) -> None:
        self._alike = alike
        self._questions = 0
        self._asked: Counter[str] = Counter()
        self._terms: dict[int, frozenset[str]] = {}
        self._aspects: dict[int, frozenset[str]] = {}
        self._same: dict[tuple[frozenset[str], frozenset[str]], int] = {}
        self._having: defaultdict[str, list[int]] = defaultdict(list)

    def group(self, text: str) -> int:
        """The place of the leader that a question follows, or its own."""
        place, (terms, aspects) = self._questions, _asked_for(text)
        leader = self._same.get((terms, aspects))
        if leader is None:
            leader = self._most_similar(terms, aspects)
            if leader is None:
                leader = place
                self._lead(place, terms, aspects)
            # without a word, nothing is asked for that another could ask for, too
            if terms:
                self._same[terms, aspects] = leader
        self._questions += 1
        self._asked.update(terms)
        return leader

    def _lead(self, place: int, terms: frozenset[str], aspects: frozenset[str]) -> None:
        self._terms[place], self._aspects[place] = terms, aspects
        for term in terms:
            self._having[term].append(place)

    def _most_similar(self, terms: frozenset[str], aspects: frozenset[str]) -> int | None:
        weights = {term: self._weight(term) for term in terms}
        best, found = self._alike, None
        # in order of time, so that of equals the first leads
        for place in sorted(self._candidates(weights)):
            theirs = self._aspects[place]
            if aspects and theirs and aspects.isdisjoint(theirs):
                continue
            shared = math.fsum(weight for term, weight in weights.items() if term in self._terms[place])
            every = math.fsum(weights.values()) + math.fsum(self._weight(term) for term in self._terms[place] - terms)
            if shared / every > best or (found is None and shared / every == best):
                best, found = shared / every, place
        return found

    def _weight(self, term: str) -> float:
        """Inverse document frequency among the questions so far, above zero."""
        return 1 + math.log((1 + self._questions) / (1 + self._asked[term]))

    def _candidates(self, weights: dict[str, float]) -> set[int]:
        """Leaders that share enough weight to be alike must share one of the heaviest terms: the others weigh too little together."""
        rest = math.fsum(weights.values())
        needed = self._alike * rest
        found: set[int] = set()
        for term, weight in sorted(weights.items(), key=lambda item: (-item[1], item[0])):
            # a trifle more, for sums of floats in another order differ
            if rest < needed * (1 - 1e-9):
                break
            found.update(self._having.get(term, ()))
            rest -= weight
        return found


def _asked_for(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Lemmas that say what is asked for, all of them where none does; and which aspects of it."""
    tokens = words(_MARKER.sub(" ", _GREETING.sub(" ", text)))
    every = frozenset(content_lemmas(tokens))
    return every - _COURTESY or every, frozenset(_ASPECTS[token] for token in tokens if token in _ASPECTS)


def _of_bot(raw_asked: pl.DataFrame) -> pl.DataFrame:
    return _latest(raw_asked, "question_id").with_columns(source=pl.lit("bot")).select(_COLUMNS)


def _of_chats(messages: pl.DataFrame, key: bytes) -> pl.DataFrame:
    latest = _latest(messages, "platform", "chat_id", "message_id").filter(pl.col("kind") == "question")
    parts = latest.select("platform", "chat_id", "message_id").iter_rows()
    return latest.select(
        question_id=pl.Series([pseudonym(":".join(part), key) for part in parts], dtype=pl.String),
        source=pl.lit("export"),
        platform=pl.col("platform"),
        chat_id=pl.col("chat_id"),
        user_hash=pl.col("author_hash"),
        asked_at=pl.col("posted_at"),
        text=pl.col("text").str.slice(0, QUESTION_LENGTH),
        outcome=pl.lit("not asked"),
    )


def _latest(delivered: pl.DataFrame, *key: str) -> pl.DataFrame:
    return delivered.sort("delivery", "source_row").unique(key, keep="last", maintain_order=True)


def _repeated() -> pl.Expr:
    """Of rows in order of time, those whose group was asked in their chat not long before."""
    since = pl.col("asked_at") - pl.col("asked_at").shift(1).over("platform", "chat_id", "group_id")
    return (since <= pl.duration(days=REMEMBERED_DAYS)).fill_null(value=False).alias("repeated")
