"""Who may do what: roles are sets of actions, granted per product and per store or channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vitrina.errors import VitrinaError
from vitrina.settings import PRODUCTS

EVERYTHING = "*"
"""Every product, or every store or channel of one."""


class Action(StrEnum):
    """What can be done with a product."""

    READ = "read"
    DECIDE = "decide"
    DELIVER = "deliver"
    OBSERVE = "observe"
    ADMINISTER = "administer"


class Role(StrEnum):
    """What people are to a product."""

    VIEWER = "viewer"
    MANAGER = "manager"
    MONITOR = "monitor"
    ADMIN = "admin"


ACTIONS: dict[Role, frozenset[Action]] = {
    Role.VIEWER: frozenset({Action.READ}),
    Role.MANAGER: frozenset({Action.READ, Action.DECIDE, Action.DELIVER}),
    Role.MONITOR: frozenset({Action.OBSERVE}),
    Role.ADMIN: frozenset(Action),
}
"""Viewers look and rate; managers also approve, rename, move and deliver files; monitors see how the service runs; admins do all,
and look after people."""

SCOPED = {"sellers": "store", "posts": "channel"}
"""Products of which a part can be granted, and what it is a part by."""


class GrantError(VitrinaError):
    """A role cannot be granted like this."""


@dataclass(frozen=True, order=True)
class Grant:
    """A role in a product, or in a part of it.

    Attributes
    ----------
    role
        What the person is.
    product
        Product, or `EVERYTHING`.
    scope
        Identifier of a store (sellers) or a channel (posts), or `EVERYTHING`.
    """

    role: Role
    product: str
    scope: str = EVERYTHING

    def __post_init__(self) -> None:
        if self.product not in (*PRODUCTS, EVERYTHING):
            raise GrantError(
                f"There is no product {self.product!r}.", f"Use one of {', '.join(PRODUCTS)}, or {EVERYTHING} for all."
            )
        if self.scope != EVERYTHING and self.product not in SCOPED:
            raise GrantError(
                f"{self.product} is not granted in parts.",
                f"Leave the part at {EVERYTHING}; parts are known of {' and '.join(f'{k} (by {v})' for k, v in SCOPED.items())}.",
            )
        if not self.scope.strip() or len(self.scope) > 200 or not self.scope.isprintable():
            raise GrantError(
                "The part is empty, too long, or holds invisible characters.", f"Name a store or channel, or {EVERYTHING}."
            )
        if self.role in (Role.ADMIN, Role.MONITOR) and (self.product, self.scope) != (EVERYTHING, EVERYTHING):
            raise GrantError(f"A {self.role} is that of everything.", f"Grant {self.role} for {EVERYTHING}.")


def grant_of(words: Sequence[str]) -> Grant:
    """A role from its words: role, product, and perhaps a part.

    Raises
    ------
    GrantError
        They are none.

    Examples
    --------
    >>> grant_of(["viewer", "sellers", "S01"]).scope
    'S01'
    """
    if not 2 <= len(words) <= 3 or words[0] not in tuple(Role):
        raise GrantError(
            f"{' '.join(words)[:100]!r} is no role.",
            f"Name a role ({', '.join(Role)}), a product ({', '.join(PRODUCTS)}, or {EVERYTHING} for all), and perhaps a part of it.",
        )
    return Grant(Role(words[0]), words[1], words[2] if len(words) == 3 else EVERYTHING)


@dataclass(frozen=True)
class Rights:
    """Everything that somebody may do.

    Attributes
    ----------
    grants
        Roles.
    limits
        Of a token: the pairs of product and action that it was made for; None for people themselves.
    """

    grants: frozenset[Grant]
    limits: frozenset[tuple[str, Action]] | None = None

    def parts(self, product: str, action: Action) -> frozenset[str] | None:
        """Which stores or channels of a product an action is allowed for; None for all of them, empty for none.

        Examples
        --------
        >>> Rights(frozenset({Grant(Role.VIEWER, "sellers", "S01")})).parts("sellers", Action.READ)
        frozenset({'S01'})
        """
        if self.limits is not None and not {(product, action), (EVERYTHING, action)} & self.limits:
            return frozenset()
        found = {grant.scope for grant in self.grants if grant.product in (product, EVERYTHING) and action in ACTIONS[grant.role]}
        return None if EVERYTHING in found else frozenset(found)

    def allow(self, product: str, action: Action, part: str | None = None) -> bool:
        """Whether an action is allowed: for a part, or for anything of the product at all."""
        parts = self.parts(product, action)
        return parts is None or (part in parts if part is not None else bool(parts))

    def allow_whole(self, product: str, action: Action) -> bool:
        """Whether an action is allowed for the whole product."""
        return self.parts(product, action) is None


def token_limits(scopes: Iterable[str]) -> frozenset[tuple[str, Action]]:
    """What a token is made for, from words like ``"marketplace:read"``.

    Raises
    ------
    GrantError
        A word is none.
    """
    limits = set()
    for scope in scopes:
        product, _, action = scope.partition(":")
        if product not in (*PRODUCTS, EVERYTHING) or action not in tuple(Action):
            raise GrantError(
                f"{scope!r} is nothing that a token can be made for.",
                "Write product:action, e.g. marketplace:read; actions are " + ", ".join(Action) + ".",
            )
        limits.add((product, Action(action)))
    return frozenset(limits)
