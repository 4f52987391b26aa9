"""Personal data out of people's text before it is stored: contacts, documents, cards and names become markers.

Numbers are told from prices, dates and orders by their form, their check digits and the words around them. Names are found
by natasha's model of Russian news, which misses names in lower case and most of those in Latin letters; addresses in
disguise ("ivan собака mail.ru") and numbers in words are not found at all. What is stored is poorer in personal data, not
free of it, and is treated as personal still.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from vitrina.posts.capitals import may_hold_name
from vitrina.posts.raw_tables import TEXT_LENGTH

LONGEST = TEXT_LENGTH
"""Characters after which a text is cut: what was not searched must not be stored."""

MARKERS = ("[email]", "[phone]", "[card]", "[snils]", "[passport]", "[user]", "[name]")

_BLOCK = 2_000
"""Characters that the model of names sees at a time, for its memory grows with them."""

_CONTEXT = 48
"""Characters around a number that may say what it is."""

_EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]++@(?:[\w-]{1,63}\.){1,8}(?:xn--[\w-]{1,59}|[^\W\d_]{2,24})")

# a link to a post names a channel, and so do these beginnings
_NO_USER = "c|s|m|bg|iv|login|share|proxy|socks|joinchat|addstickers|addemoji|addtheme|addlist|boost|giftcode|invoice|setlanguage"
_USER = re.compile(
    rf"""(?<![\w.-])(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)/@?(?!(?:{_NO_USER})\b)[a-z]\w{{3,31}}\b(?!/\d)
            (?:\?\w[^\s<>"'()\[\]]{{0,200}})?
      | (?<![\w.-])(?:https?://)?[a-z]\w{{3,31}}\.t\.me\b
      | tg://(?:user\?id=\d+|resolve\?domain=\w+)
      | <@!?\d+>                                                         # Discord
      | (?<![\w@])@[a-z]\w{{3,31}}\b
    """,
    re.VERBOSE | re.IGNORECASE,
)

_PHONE_LINK = re.compile(
    r"(?:tel:|(?:https?://)?(?:t\.me/|wa\.me/|(?:api|web)\.whatsapp\.com/send/?\?phone=))(?:\+|%2B)?\d{10,15}(?!\d)", re.IGNORECASE
)
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)

# blanks, hyphens, brackets and points within a number; keycap emoji add two signs to each digit
_GAP = r"[ \t\u00a0\u202f()\-\u2010-\u2015.\ufe0f\u20e3]{0,3}"
_BEGIN, _END = r"(?<![\w/=&%@#])(?<!\d[.,\-])", r"(?!\w|[.,\-]\d)"
_KEYCAP = r"[\ufe0f\u20e3]{0,2}"
_RUSSIAN_PHONE = re.compile(rf"(?:\+7|{_BEGIN}[78]){_GAP}[03-9]{_KEYCAP}\d{_KEYCAP}\d(?:{_GAP}\d){{7}}{_KEYCAP}{_END}")
_FOREIGN_PHONE = re.compile(rf"\+\(?[1-9](?:{_GAP}\d){{9,14}}{_END}")
_NEIGHBOURS_PHONE = re.compile(rf"{_BEGIN}(?:37[0-5]|380|99[2-68]){_GAP}\d(?:{_GAP}\d){{7,8}}{_END}")
_PHONE_WITHOUT_PREFIX = re.compile(
    rf"{_BEGIN}(?:\([3489]\d\d\)[ -]?|[3489]\d\d[ -])\d{{3}}[ -]\d\d[ -]\d\d{_END}|{_BEGIN}\([3489]\d{{2,3}}\){_GAP}\d(?:{_GAP}\d){{5,6}}{_END}"
)
_PHONE_IF_CALLED_SO = re.compile(rf"{_BEGIN}(?:9\d{{9}}|\d{{3}}[ -]?\d\d[ -]?\d\d){_END}")
_CALL = re.compile(
    r"(?:\bтел\b|телефон|\bмоб\b|мобильн|звон|what|ватсап|вотсап|вацап|viber|вайбер|phone|\bcall|\bсбп)[^\d\n]{0,30}$",
    re.IGNORECASE,
)
_NO_PHONE = re.compile(
    r"(?:(?:заказ|артикул|\bарт\b|трек|накладн|\bинн|\bогрн|сч[её]т|договор|\border|invoice|isbn|\bid\b)[^\d\n]{0,20}|[№#]\s?)$",
    re.IGNORECASE,
)
_MONEY_FOLLOWS = re.compile(r"\s?(?:[₽$€£%]|руб|тыс|млн|млрд|долл|евро)", re.IGNORECASE)
_THOUSANDS = re.compile(r"\d{1,3}(?:[ .\u00a0\u202f]\d{3})+")

# the longest first; of issuers, 2 to 6 the world's, 8 and 9 Uzbekistan's
_CARDS = tuple(
    re.compile(rf"{_BEGIN}{form}{_END}")
    for form in (
        r"[2-689]\d{3}([ -])\d{4}\1\d{4}\1\d{4}\1\d{1,3}",
        r"[2-689]\d{3}([ -])\d{4}\1\d{4}\1\d{4}",
        r"[2-689]\d{3}([ -])\d{6}\1\d{4,5}",
        r"[2-689]\d{12,18}",
    )
)
_SNILS = re.compile(rf"{_BEGIN}\d{{3}}([ -]?)\d{{3}}\1\d{{3}}[ -]?\d\d{_END}")
_SNILS_WORD = re.compile(r"снилс[^\d\n]{0,20}$", re.IGNORECASE)
_PASSPORT_WORD = r"паспорт|passport|сери[яиюей]"
_PASSPORT = re.compile(
    rf"""(?P<before>(?:{_PASSPORT_WORD})[^\d\n]{{0,40}})
         (?:\d\d[\s-]?\d\d[\s,;:-]{{0,3}}(?:(?:№|номер|n|no\.?)[\s:]{{0,3}})?\d{{6}}(?!\d)  # of a citizen
           | \d\d[\s,]{{0,2}}№?\s?\d{{7}}(?!\d))                                           # for travelling
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PASSPORT_AFTER = re.compile(rf"{_BEGIN}\d\d\s?\d\d\s?\d{{6}}(?!\d)(?=[^\d\n]{{0,20}}(?:{_PASSPORT_WORD}))", re.IGNORECASE)

_MARKER = re.compile("|".join(re.escape(marker) for marker in MARKERS))


def redact(text: str, *, names: bool = True) -> str:
    """A text in which personal data has become markers; redacting it again changes nothing.

    Parameters
    ----------
    text
        Any text; beyond 200,000 characters it is cut.
    names
        Whether names of people go, too. The first text with a capital that may begin a name then loads a model of 30 MB
        (one second), and such a text takes 1 to 2 ms instead of 0.1.

    Returns
    -------
    str
        With ``[email]``, ``[phone]``, ``[card]``, ``[snils]``, ``[passport]``, ``[user]`` and ``[name]``; it may be longer
        than the text.

    Examples
    --------
    >>> redact("Пишите на ivan@example.org или +7 916 123-45-67, до 19.07.2024", names=False)
    'Пишите на [email] или [phone], до 19.07.2024'
    """
    return REDACTOR.redact(text, names=names)


class Redactor:
    """Redacts texts; threads may share one. The model of names is loaded once, by the first text that needs it."""

    def __init__(self) -> None:
        self._loading = threading.Lock()
        self._tagger: Any = None

    def redact(self, text: str, *, names: bool = True) -> str:
        """As the function `redact`.

        Parameters
        ----------
        text
            Any text; beyond 200,000 characters it is cut.
        names
            Whether names of people go, too.
        """
        while True:
            plain = _without_contacts(_cut(text))
            redacted = self._without_names(plain) if names else plain
            # beside a marker the model may see a name that it missed before; every round leaves fewer letters to look at
            if redacted == text or (redacted == plain == _without_contacts(_cut(plain))):
                return redacted
            text = redacted

    def _without_names(self, text: str) -> str:
        return "".join(_replaced(block, self._names(block), "[name]") for block in _blocks(text))

    def _names(self, text: str) -> Iterator[tuple[int, int]]:
        if may_hold_name(text):
            for span in self._loaded()(text).spans:
                if span.type == "PER":
                    yield from _outside_markers(text, *_whole_words(text, span.start, span.stop))

    def _loaded(self) -> Any:
        with self._loading:
            if self._tagger is None:
                from natasha import NewsEmbedding, NewsNERTagger  # noqa: PLC0415  # loaded by those who redact names

                self._tagger = NewsNERTagger(NewsEmbedding())
            return self._tagger


REDACTOR = Redactor()


def _cut(text: str) -> str:
    """Within the limit, and without the beginning of a word or number that the limit would part from its end."""
    if len(text) <= LONGEST:
        return text
    return text[:LONGEST].rsplit(None, 1)[0].rstrip("0123456789 \t\n()+-.")


def _blocks(text: str) -> Iterator[str]:
    """Pieces that make up the text: as many lines as fit, or sentences, or words, so that no name is parted."""
    start = 0
    while start < len(text):
        end = start + _BLOCK
        if end < len(text):
            ends = (text.rfind(border, start + _BLOCK // 2, end) for border in ("\n", ". ", " "))
            end = next((found + 1 for found in ends if found >= 0), end)
        yield text[start:end]
        start = end


def _without_contacts(text: str) -> str:
    text = _PHONE_LINK.sub("[phone]", text)
    text = _EMAIL.sub("[email]", text) if "@" in text else text
    text = _USER.sub("[user]", text)
    if not any(sign.isdigit() for sign in text):
        return text
    text = _PASSPORT_AFTER.sub("[passport]", _PASSPORT.sub(r"\g<before>[passport]", text))
    for marker, pattern, is_meant in _NUMBERS:
        text = _replaced(text, _found(text, pattern, is_meant), marker)
    return text


def _replaced(text: str, spans: Iterable[tuple[int, int]], marker: str) -> str:
    parts, end_before = [], 0
    for start, end in spans:
        # two names in one word, of which each has become the whole word
        if end > end_before:
            parts += [text[end_before : max(start, end_before)], marker]
            end_before = end
    return "".join([*parts, text[end_before:]])


def _found(text: str, pattern: re.Pattern[str], is_meant: Callable[[str, re.Match[str]], bool]) -> Iterator[tuple[int, int]]:
    """Spans of a number; what is none may still hold the beginning of one. Digits of links are no one's."""
    links = [link.span() for link in _LINK.finditer(text)] if "://" in text else []
    start = 0
    while match := pattern.search(text, start):
        if is_meant(text, match) and not any(begin <= match.start() < end for begin, end in links):
            yield match.span()
            start = match.end()
        else:
            start = match.start() + 1


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The model parts a word where its alphabet changes; half a name would stay."""
    while start > 0 and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return start, end


def _outside_markers(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for marker in _MARKER.finditer(text, start, end):
        yield from _with_letters(text, start, marker.start())
        start = marker.end()
    yield from _with_letters(text, start, end)


def _with_letters(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    part = text[start:end]
    if any(sign.isalpha() for sign in part):
        yield end - len(part.lstrip()), start + len(part.rstrip())


def _digits(match: re.Match[str]) -> list[int]:
    return [int(sign) for sign in match[0] if sign.isdecimal()]


def _before(text: str, match: re.Match[str]) -> str:
    return text[max(0, match.start() - _CONTEXT) : match.start()]


def _is_phone(text: str, match: re.Match[str]) -> bool:
    """Neither an amount of money nor the number of an order."""
    if _MONEY_FOLLOWS.match(text, match.end()):
        return False
    if match[0].startswith("+"):
        return not (_THOUSANDS.fullmatch(match[0][1:]) and match[0].endswith("000"))
    if _THOUSANDS.fullmatch(match[0]):
        return False
    if not match[0].isdecimal():
        return True
    # Belarus dials 8 0, but nobody writes that without gaps
    return match[0][1] in "3489" and not _NO_PHONE.search(_before(text, match))


def _is_called_phone(text: str, match: re.Match[str]) -> bool:
    return bool(_CALL.search(_before(text, match)))


def _is_neighbours_phone(text: str, match: re.Match[str]) -> bool:
    # twelve digits on end are rather a taxpayer's number
    return _is_phone(text, match) and (not match[0].isdecimal() or _is_called_phone(text, match))


def _is_card(_: str, match: re.Match[str]) -> bool:
    """Luhn's check digit (ISO/IEC 7812-1): without it, every tenth number would do."""
    digits = _digits(match)
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0 and len(set(digits)) > 1


def _is_snils(text: str, match: re.Match[str]) -> bool:
    """The sum of the first nine digits, weighted 9 to 1, is the last two modulo 101, where 100 is written 00."""
    if _SNILS_WORD.search(_before(text, match)):
        return True
    digits = _digits(match)
    weighted = sum(weight * digit for weight, digit in zip(range(9, 0, -1), digits, strict=False))
    # eleven digits on end are a phone or an order, a hundredth of which would pass
    return weighted % 101 % 100 == 10 * digits[9] + digits[10] and not match[0].isdecimal()


_NUMBERS: tuple[tuple[str, re.Pattern[str], Callable[[str, re.Match[str]], bool]], ...] = (
    ("[snils]", _SNILS, _is_snils),
    *(("[card]", pattern, _is_card) for pattern in _CARDS),
    ("[phone]", _RUSSIAN_PHONE, _is_phone),
    ("[phone]", _FOREIGN_PHONE, _is_phone),
    ("[phone]", _NEIGHBOURS_PHONE, _is_neighbours_phone),
    ("[phone]", _PHONE_WITHOUT_PREFIX, _is_phone),
    ("[phone]", _PHONE_IF_CALLED_SO, _is_called_phone),
)
