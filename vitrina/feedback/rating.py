"""What a person thinks of a result page, checked before it is recorded."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from vitrina.errors import VitrinaError
from vitrina.feedback.tables import (
    ABOUT,
    BEST,
    COMMENT_LENGTH,
    FEEDBACK,
    KINDS,
    PAGE_LENGTH,
    PERSON_LENGTH,
    SUBJECT_LENGTH,
    VERSION_LENGTH,
    WORST,
)
from vitrina.state.decisions import Decision

_SLUG = re.compile(rf"[a-z0-9-]{{1,{PAGE_LENGTH}}}")
_NEVER_TEXT = ("Cc", "Cs")
"""Unicode categories of what no comment may hold: control characters, and halves of pairs of surrogates."""


class RatingError(VitrinaError):
    """A rating does not say what it must, or says what cannot be meant."""


def rate(  # noqa: PLR0913  # what is rated, by whom, how, and when it was asked for and there
    about: str,
    page: str,
    rating: int,
    *,
    by: str,
    at: dt.datetime,
    comment: str = "",
    subject: str = "",
    published_version: str | None = None,
    requested_at: dt.datetime | None = None,
    reported_at: dt.datetime | None = None,
) -> Decision:
    """Rate a result page.

    Parameters
    ----------
    about
        One of the five products, or ``"home"``.
    page
        Short name of the page, such as ``"clusters"``: small Latin letters, digits and hyphens.
    rating
        From 1, useless, to 5, just what was needed.
    by
        Who rates. Personal data, which is stored and not published.
    at
        When, an aware time.
    comment
        What the person writes; may be empty, and may have line breaks, which are kept. It is published as it is.
    subject
        What the page was about, such as the identifier of a request, or a day; empty for the page as a whole. It is
        published: name nobody in it.
    published_version
        Version that the page showed, if any.
    requested_at, reported_at
        When the person asked for the result, and when it was there, aware times; None where nobody had to ask.

    Raises
    ------
    RatingError
        Something is missing, too long, or cannot be meant.

    Examples
    --------
    >>> at = dt.datetime(2026, 10, 12, 9, 30, tzinfo=dt.UTC)
    >>> rate("stores", "clusters", 4, by="category.manager", at=at, subject="2026-07-01").body["rating"]
    4
    """
    if about not in ABOUT:
        raise RatingError(f"Nothing that can be rated is called {about[:PAGE_LENGTH]!r}.", f"Choose one of {', '.join(ABOUT)}.")
    if not _SLUG.fullmatch(page):
        raise RatingError(
            f"{page[:PAGE_LENGTH]!r} is no name of a page.",
            f"Write 1 to {PAGE_LENGTH} small Latin letters, digits and hyphens, such as clusters.",
        )
    # True is a whole number to Python, and 4.0 lies in the range
    if type(rating) is not int or not WORST <= rating <= BEST:
        raise RatingError(
            f"{rating!r} is no rating.", f"Give a whole number from {WORST}, useless, to {BEST}, just what was needed."
        )
    if requested_at is not None and reported_at is not None and _utc(reported_at) < _utc(requested_at):
        raise RatingError(
            f"The result is said to have been there at {reported_at}, before it was asked for at {requested_at}.",
            "Look which of the two times is wrong, or leave both out.",
        )
    author = _line("author", by, PERSON_LENGTH)
    if author is None:
        raise RatingError("The author is empty.", "Say who rates: it is stored, and not published.")
    return Decision(
        product=FEEDBACK,
        kind=KINDS[0],
        made_at=_utc(at),
        made_by=author,
        reason=_comment(comment),
        # every name in every rating, so that a file of one has the columns of all
        body={
            "about": about,
            "page": page,
            "subject": _line("subject", subject, SUBJECT_LENGTH),
            "published_version": _line("published version", published_version or "", VERSION_LENGTH),
            "rating": rating,
            "requested_at": _written(requested_at),
            "reported_at": _written(reported_at),
        },
    )


def _comment(text: str) -> str:
    """The text without white space around it, its line breaks written in one way: pages send two characters for each."""
    comment = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(comment) > COMMENT_LENGTH:
        raise RatingError(f"The comment has {len(comment)} characters, more than {COMMENT_LENGTH}.", "Shorten it.")
    for line, words in enumerate(comment.split("\n"), start=1):
        if any(unicodedata.category(sign) in _NEVER_TEXT for sign in words):
            raise RatingError(
                f"Line {line} of the comment holds a control character.",
                "Leave it out: a comment is plain text, with line breaks and spaces but without tabs.",
            )
    return comment


def _line(what: str, text: str, limit: int) -> str | None:
    """A text on one printable line, without spaces around it; None where it is empty."""
    line = text.strip()
    if len(line) > limit:
        raise RatingError(f"The {what} has {len(line)} characters, more than {limit}.", "Shorten it.")
    if not line.isprintable():
        raise RatingError(f"The {what} holds a line break or an invisible character.", "Write it on one line, in plain characters.")
    return line or None


def _utc(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is None:
        raise RatingError(f"{moment} has no offset from UTC.", "Give an aware time.")
    return moment.astimezone(dt.UTC)


def _written(moment: dt.datetime | None) -> str | None:
    return None if moment is None else _utc(moment).isoformat(timespec="microseconds")
