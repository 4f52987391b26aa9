"""Pages from templates: in the visitor's language, with numbers and dates as it writes them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel import dates, numbers
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from serving.web.addresses import page_of
from serving.web.languages import LANGUAGES, locale_of, translate, translate_plural
from serving.web.problems import ProblemDetails
from serving.web.visitors import VISITOR, Visitor
from vitrina.settings import PRODUCTS, Locale, Settings
from vitrina.state.roles import EVERYTHING, Action

HERE = Path(__file__).parents[1]
STATIC = HERE / "static"


class Pages:
    """All templates, once per language.

    Parameters
    ----------
    settings
        For the currency and the address of Dagster.
    """

    def __init__(self, settings: Settings) -> None:
        self._environments = {locale: environment(locale, settings) for locale in LANGUAGES}

    def render(self, request: Request, template: str, /, status: int = 200, **context: Any) -> HTMLResponse:
        """A page, or a part of one.

        Parameters
        ----------
        request
            Whose page it is.
        template
            Name below `templates`.
        status
            HTTP status.
        context
            What the template names; `visitor`, `path` and `back_to`, the address to come back to, are always there.
        """
        visitor = request.scope.get(VISITOR)
        locale = visitor.locale if isinstance(visitor, Visitor) else locale_of(request)
        text = (
            self._environments[locale]
            .get_template(template)
            .render(visitor=visitor, path=request.url.path, back_to=page_of(request), **context)
        )
        return HTMLResponse(text, status_code=status, headers={"Cache-Control": "private, no-store", "Content-Language": locale})

    def problem(self, request: Request, details: ProblemDetails, headers: dict[str, str]) -> HTMLResponse:
        """A page that says what cannot be answered and what to do; in place of a part of a page, a part."""
        is_part = "hx-request" in request.headers
        page = self.render(request, "problem_part.html" if is_part else "problem.html", status=details.status, details=details)
        page.headers.update(headers)
        if is_part and details.type == "another-version":
            page.headers["HX-Refresh"] = "true"
        return page


def environment(locale: Locale, settings: Settings) -> Environment:
    """Templates in one language."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension adds it
        lambda message: translate(locale, message),
        lambda one, many, n: translate_plural(locale, one, many, n),
        newstyle=True,
    )
    made.globals.update(
        locale=locale,
        languages=LANGUAGES,
        products=PRODUCTS,
        currency=settings.currency,
        dagster=settings.dagster_address.rstrip("/"),
        static=static_address,
        Action=Action,
        EVERYTHING=EVERYTHING,
    )
    made.filters.update(
        number=lambda value, digits=0: number(value, locale, digits),
        percent=lambda value, digits=0: percent(value, locale, digits),
        money=lambda value, digits=0: money(value, locale, settings.currency, digits),
        date=lambda value: date(value, locale),
        month=lambda value: "—" if value is None else dates.format_date(value, "LLLL y", locale=locale),
        moment=lambda value: moment(value, locale),
        vega=_embedded,
    )
    return made


@lru_cache(20_000)  # a table has hundreds, and Babel takes 20 µs over each
def number(value: float | None, locale: str, digits: int = 0) -> str:
    r"""A number with so many digits behind the point; a dash for none.

    >>> number(12345.678, "ru", 1).replace("\N{NO-BREAK SPACE}", " ")
    '12 345,7'
    """
    if value is None or value != value:  # noqa: PLR0124  # not a number
        return "—"
    return str(numbers.format_decimal(value, format="#,##0" + ("." + "0" * digits if digits else ""), locale=locale))


@lru_cache(20_000)
def percent(value: float | None, locale: str, digits: int = 0) -> str:
    """A share as a percentage."""
    if value is None or value != value:  # noqa: PLR0124  # not a number
        return "—"
    return str(
        numbers.format_percent(
            value, format="#,##0" + ("." + "0" * digits if digits else "") + "\N{NO-BREAK SPACE}%", locale=locale
        )
    )


def money(value: float | None, locale: str, currency: str, digits: int = 0) -> str:
    """An amount with its currency."""
    return "—" if value is None else f"{number(value, locale, digits)}\N{NO-BREAK SPACE}{currency}"


@lru_cache(20_000)
def date(value: dt.date | None, locale: str) -> str:
    """A day."""
    return "—" if value is None else str(dates.format_date(value, "d MMM y", locale=locale))


def moment(value: dt.datetime | str | None, locale: str) -> str:
    """A moment, in UTC."""
    if value is None:
        return "—"
    aware = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    aware = aware.replace(tzinfo=dt.UTC) if aware.tzinfo is None else aware.astimezone(dt.UTC)
    return f"{dates.format_datetime(aware, 'd MMM y, HH:mm', locale=locale)} UTC"


def _embedded(specification: object) -> Markup:
    r"""JSON that can stand inside a script element, whatever text it holds.

    >>> print(_embedded({"title": "</script>"}))
    {"title": "\u003c/script\u003e"}
    """
    text = json.dumps(specification, ensure_ascii=False, default=str, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704  # nothing in it can end the element any more


@cache
def static_address(name: str) -> str:
    """Where a file lies; the address changes with its content, so browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"
