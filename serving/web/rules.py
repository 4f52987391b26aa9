"""The rule of each route: who may call it. A route without one cannot be made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from vitrina.state.roles import Action

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

RULE = "__vitrina_rule__"


class Who(StrEnum):
    """Who is let in at all, before anything about a product is asked."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed in"
    ALLOWED = "allowed"


@dataclass(frozen=True)
class Rule:
    """What a route asks of whoever calls it.

    Attributes
    ----------
    who
        Whether rights are looked at.
    action, product
        What the caller must be allowed to do with which product; ``"{product}"``: the one that the path names.
    part
        Name of the parameter, in the path or the query, that names the store or channel; None where a route shows all parts
        that the caller may see, and sees to that with `Visitor.parts`.
    whole
        Whether the caller must be allowed the whole product: the answer cannot be divided into parts.
    counted
        Whether the audit counts calls instead of telling what each was about.
    versioned
        Whether the answer depends on nothing but the published version and what is asked: it then has an ETag.
    in_person
        Whether tokens are no good here: one that leaked must not make others, or change a password.
    before_change
        Whether it is open to somebody whose password was made for one use, and has to be changed first.
    """

    who: Who
    action: Action = Action.READ
    product: str = "*"
    part: str | None = None
    whole: bool = False
    counted: bool = False
    versioned: bool = False
    in_person: bool = False
    before_change: bool = False

    def product_of(self, path_parameters: Mapping[str, object]) -> str:
        """The product that a request is about."""
        return self.product.format(**{name: str(value) for name, value in path_parameters.items()})


def anybody() -> Callable[[Endpoint], Endpoint]:
    """The route is open to the world."""
    return _attach(Rule(Who.ANYBODY, counted=True))


def signed_in(*, in_person: bool = False, before_change: bool = False) -> Callable[[Endpoint], Endpoint]:
    """The route is open to everybody who is known, and shows nothing of a product that they may not see; see `Rule`."""
    return _attach(Rule(Who.SIGNED_IN, in_person=in_person, before_change=before_change))


def needs(  # noqa: PLR0913  # each says one thing about a route
    action: Action,
    product: str,
    *,
    part: str | None = None,
    whole: bool = False,
    counted: bool = False,
    versioned: bool = False,
    in_person: bool = False,
) -> Callable[[Endpoint], Endpoint]:
    """The route is open to whoever may do this with that; see `Rule`."""
    return _attach(Rule(Who.ALLOWED, action, product, part, whole, counted, versioned, in_person))


def rule_of(endpoint: Callable[..., Any]) -> Rule:
    """The rule of an endpoint.

    Raises
    ------
    TypeError
        It has none: nobody has thought about who may call it.
    """
    rule = getattr(endpoint, RULE, None)
    if not isinstance(rule, Rule):
        raise TypeError(
            f"{endpoint.__module__}.{endpoint.__qualname__} has no rule: say with @needs, @signed_in or @anybody who may call it"
        )
    return rule


def _attach(rule: Rule) -> Callable[[Endpoint], Endpoint]:
    def attached(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, RULE, rule)
        return endpoint

    return attached
