"""Text as people write it, and the words that searches go by: cleaning, tokens, lemmas, sentences.

Russian is inflected: going by lemmas instead of tokens finds a sixth more of the posts that were meant, more than
anything else that a search does.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

LONGEST_WORD = 64
"""Characters after which a token is cut: nobody asks for longer ones, and dictionaries take long over them."""

_INVISIBLE = (
    # control characters but for tab and line end; surrogates, which no file can hold
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff"
    # Unicode's category Cf: zero-width and bidirectional signs, soft hyphens, tags, and fillers that show nothing
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
    "\u115f\u1160\u3164\uffa0\u034f"
)
_NOT_SHOWN = re.compile(f"[{_INVISIBLE}]+")
_LINE_END = re.compile("\r\n?|[\x85\u2028\u2029]")
_BLANK = re.compile("[^\\S\n]|\u2800")

_ADDRESS = re.compile(
    r"""(?:https?|ftp|tg)://\S+ | \bwww\.\S+ | \b(?:t\.me|vk\.com|youtu\.be)/\S+  # links, which Telegram shows without their scheme
    | (?<![\w.+-])[\w.+-]++@[\w-]+\.[\w.-]+ | (?<!\w)@\w+                       # e-mail and mentions
    | </?[a-zA-Z][^<>]{0,200}> | &(?:[a-zA-Z]{2,8}|\#\d{1,6});                     # HTML
    """,
    re.VERBOSE,
)
_MARKS = re.compile("[\u0300-\u036f]")
_LETTER = re.compile("[^\u0300-\u036f][\u0300-\u036f]*|[\u0300-\u036f]+")
_WORD = re.compile(
    r"""\d++(?:[.,]\d++)*+(?:[a-z][a-z\d]*)?      # 1.5, 2015 of "2015г", 3d
    | \b[a-z](?:\+\+|\#)(?!\w)                   # c++, c#
    | [^\W\d_][^\W_]*(?:['’][^\W_]+)*
    """,
    re.VERBOSE,
)
_CYRILLIC = re.compile("[а-я]")
_LATIN = re.compile("[a-z'’]+")

_FUNCTION_WORDS = """
    а без более бы быть был была были было в вам вами вас ваш ведь весь во вот впрочем все всего всей всем всех всю вся вы где
    да даже для до его ее ей ему если есть еще ж же за здесь и из из-за или им ими их к каждый как какая какие каким какими
    каких какого какое какой какому какую когда кого ком кому котор которая которого которое которой котором которому которую
    которые который которым которых кто куда ли лишь либо между меня мне многие мной мочь может можно могут мой моя моем мои на
    над надо нам нами нас наш не него нее ней нем нему нет ни нибудь никто ним ними них но ну о об обо однако он она они оно от
    откуда очень перед по под пока после потому почему при про пусть раз с сам сама сами само самый свой своего своей свои своих
    своя себе себя сейчас сколько со собой та так также такая такие такого такое такой там тебе тебя тем теперь то тобой тогда
    того тоже той только том тот тою ту тут ты тех у уж уже хотя чего чей чем через что чтобы чтоб чье чья эта эти этим этих это
    этого этой этом этот эту я являться является являются зачем отчего кой либо
    a about an and are as at be been being but by can could did do does doing for from had has have he her here hers him his how
    i if in into is it its me my no nor not of off on or our ours over s she should so some such t than that the their theirs
    them then there these they this those through to too under until up us very was we were what when where which while who whom
    whose why will with would you your yours
"""
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())
"""Russian as tokens and as lemmas, English as tokens: what stands in every text, and what questions begin with."""


def clean(text: str) -> str:
    r"""Text without characters that nobody sees, which could hide words from a search or turn a line around.

    Zero-width, bidirectional, control and tag characters go; line ends become ``\n`` and every other blank a space;
    letters and their marks are put together (NFC). Cleaning what is clean changes nothing.

    Parameters
    ----------
    text
        Any text, broken surrogates included.

    Returns
    -------
    str
        No longer than three times the input, for the few characters that NFC takes apart.
    """
    lines = _NOT_SHOWN.sub("", _LINE_END.sub("\n", text))
    return unicodedata.normalize("NFC", _BLANK.sub(" ", lines))


def words(text: str) -> list[str]:
    """Words and numbers in order, in lower case, ``ё`` as ``е`` and accents gone; links, mentions, e-mail and HTML left out.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    list of str
        Tokens of letters and digits, at most 64 characters each; a number keeps its decimal point, ``1,5`` as ``1.5``.

    Examples
    --------
    >>> words("Самолёт МС-21 — *впервые* на t.me/sky, $1,5 млрд")
    ['самолет', 'мс', '21', 'впервые', 'на', '1.5', 'млрд']
    """
    plain = _folded(_ADDRESS.sub(" ", _NOT_SHOWN.sub("", text)))
    return [_number(word[:LONGEST_WORD]) for word in _WORD.findall(plain)]


def placed_words(text: str) -> list[tuple[str, int, int]]:
    """The words of `words`, each with where it stands: its first character in the text, and the one after its last.

    Parameters
    ----------
    text
        Any text.

    Examples
    --------
    >>> placed_words("Ещё МС-21")
    [('еще', 0, 3), ('мс', 4, 6), ('21', 7, 9)]
    """
    seen = [place for place, character in enumerate(text) if not _NOT_SHOWN.match(character)]
    shown = _ADDRESS.sub(lambda address: " " * len(address[0]), "".join([text[place] for place in seen]))
    lowered = shown.lower()
    # few characters are longer in lower case; then each is taken for itself
    letters = _LETTER.finditer(lowered if len(lowered) == len(shown) else shown)
    folded, places = [], []
    for letter in letters:
        pieces = _folded(letter[0])
        folded.append(pieces)
        places += [(seen[letter.start()], seen[letter.end() - 1] + 1)] * len(pieces)
    found = _WORD.finditer("".join(folded))
    return [
        (_number(word[0][:LONGEST_WORD]), places[word.start()][0], places[min(word.end(), word.start() + LONGEST_WORD) - 1][1])
        for word in found
    ]


def _folded(text: str) -> str:
    """In lower case, without accents; ``й`` is a letter and no accent."""
    if text.isascii():
        return text.lower()
    # what is decomposed may be a capital again: ℇ is one
    apart = unicodedata.normalize("NFKD", text.lower()).lower()
    return _MARKS.sub("", apart.replace("и\u0306", "й"))


def _number(word: str) -> str:
    return word.replace(",", ".") if word[0].isdigit() else word


class Lemmatizer:
    """Dictionary forms of words, each looked up once: Russian by pymorphy3, English by Snowball's stemmer.

    The dictionaries are loaded with the first word that needs them. Threads may share one: at worst a word is looked up
    twice.
    """

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def lemma(self, word: str) -> str:
        """The lemma of a token of `words`; of numbers and other alphabets, the token itself.

        Parameters
        ----------
        word
            In lower case, with ``е`` for ``ё``.
        """
        lemma = self._known.get(word)
        if lemma is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            lemma = self._known[word] = _lemma(word)
        return lemma

    def learn(self, forms: Iterable[str], found: Iterable[str]) -> None:
        """Take over lemmas that were looked up before.

        Parameters
        ----------
        forms
            Tokens.
        found
            The lemma of each, looked up in `dictionaries`, or answers would depend on who has learnt before.
        """
        self._known |= zip(forms, found, strict=True)

    def is_word(self, word: str) -> bool:
        """Whether the Russian dictionary holds the token."""
        return bool(_CYRILLIC.search(word)) and bool(russian_morphology().word_is_known(word))


_MOST_KNOWN = 500_000
"""Words that are remembered, some 100 MB; strangers' questions could fill any amount."""


def dictionaries() -> str:
    """What lemmas come from, with versions: others may find others."""
    return " ".join(f"{name}=={version(name)}" for name in ("pymorphy3", "pymorphy3-dicts-ru", "snowballstemmer"))


def _lemma(word: str) -> str:
    if _CYRILLIC.search(word):
        return str(russian_morphology().parse(word)[0].normal_form).replace("ё", "е")
    if _LATIN.fullmatch(word):
        return str(_english().stemWord(word.replace("’", "'")))
    return word


@functools.cache
def russian_morphology() -> Any:
    """pymorphy3's analyser of Russian words, loaded once per process."""
    from pymorphy3 import MorphAnalyzer  # noqa: PLC0415  # untyped; loaded by those who need it

    return MorphAnalyzer()


@functools.cache
def _english() -> Any:
    import snowballstemmer  # noqa: PLC0415  # as above

    return snowballstemmer.stemmer("english")


LEMMATIZER = Lemmatizer()


def lemmas(text: str) -> list[str]:
    """Lemmas of a text's words in order, without stop words; with them where nothing else is left.

    Parameters
    ----------
    text
        Any text.
    """
    return content_lemmas(words(text))


def content_lemmas(tokens: Iterable[str]) -> list[str]:
    """Lemmas of tokens of `words` as `lemmas` gives them."""
    pairs = [(token, LEMMATIZER.lemma(token)) for token in tokens]
    return [lemma for token, lemma in pairs if not {token, lemma} & STOP_WORDS] or [lemma for _, lemma in pairs]


def sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text begin and end; a line end always ends one.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    list of tuple of int
        First character and the one after the last, without blanks around; in order, none empty.
    """
    from razdel import sentenize  # type: ignore[import-untyped]  # noqa: PLC0415  # untyped; as above

    spans, start = [], 0
    for line in text.split("\n"):
        spans += [(start + found.start, start + found.stop) for found in sentenize(line) if found.text.strip()]
        start += len(line) + 1
    return spans
