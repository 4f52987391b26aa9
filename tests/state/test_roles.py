"""What roles allow: parts stay parts, and a token never allows more than its owner may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.settings import PRODUCTS
from vitrina.state.roles import ACTIONS, EVERYTHING, SCOPED, Action, Grant, GrantError, Rights, Role, grant_of, token_limits

ADMIN = Grant(Role.ADMIN, EVERYTHING)
PARTS = ("S01", "S02", "telegram:1")


def grants():
    plain = st.builds(Grant, st.sampled_from([Role.VIEWER, Role.MANAGER]), st.sampled_from([*PRODUCTS, EVERYTHING]))
    in_parts = st.builds(Grant, st.sampled_from([Role.VIEWER, Role.MANAGER]), st.sampled_from(list(SCOPED)), st.sampled_from(PARTS))
    of_all = st.sampled_from([ADMIN, Grant(Role.MONITOR, EVERYTHING)])
    return st.frozensets(plain | in_parts | of_all, max_size=4)


def limits():
    return st.frozensets(st.tuples(st.sampled_from([*PRODUCTS, EVERYTHING]), st.sampled_from(Action)), max_size=6)


def allowed(rights):
    return {
        (product, action, part)
        for product in (*PRODUCTS, EVERYTHING)
        for action in Action
        for part in (None, *PARTS)
        if rights.allow(product, action, part)
    }


@given(grants(), limits())
def test_a_token_allows_nothing_that_its_owner_may_not_and_nothing_it_was_not_made_for(roles, made_for):
    owner, token = allowed(Rights(roles)), allowed(Rights(roles, made_for))
    assert token <= owner
    assert all((product, action) in made_for or (EVERYTHING, action) in made_for for product, action, _ in token)


@given(grants(), grants())
def test_more_roles_never_allow_less(some, more):
    assert allowed(Rights(some)) <= allowed(Rights(some | more))


@given(grants())
def test_the_whole_is_allowed_only_where_every_part_is(roles):
    rights = Rights(roles)
    for product in PRODUCTS:
        for action in Action:
            if rights.allow_whole(product, action):
                assert all(rights.allow(product, action, part) for part in (*PARTS, "any other"))
            else:
                assert not rights.allow(product, action, "any other")


@given(grants())
def test_parts_are_those_that_are_allowed(roles):
    rights = Rights(roles)
    for product in PRODUCTS:
        parts = rights.parts(product, Action.READ)
        assert {part for part in PARTS if rights.allow(product, Action.READ, part)} == (set(PARTS) if parts is None else set(parts))


def test_nobody_may_anything():
    assert allowed(Rights(frozenset())) == set()


def test_admins_may_everything_and_viewers_only_look():
    assert allowed(Rights(frozenset({ADMIN}))) >= {(product, action, None) for product in PRODUCTS for action in Action}
    assert {action for _, action, _ in allowed(Rights(frozenset({Grant(Role.VIEWER, EVERYTHING)})))} == {Action.READ}
    assert ACTIONS.keys() == set(Role)


def test_somebody_of_one_store_knows_nothing_of_another():
    rights = Rights(frozenset({Grant(Role.MANAGER, "sellers", "S01")}))
    assert rights.allow("sellers", Action.DECIDE, "S01")
    assert not rights.allow("sellers", Action.READ, "S02")
    assert not rights.allow_whole("sellers", Action.READ)
    assert not rights.allow("posts", Action.READ, "S01")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("viewer", "nothing"), "no product"),
        (("viewer", "stores", "S01"), "not granted in parts"),
        (("viewer", EVERYTHING, "S01"), "not granted in parts"),
        (("admin", "stores"), "of everything"),
        (("monitor", "sellers", "S01"), "of everything"),
        (("viewer", "sellers", ""), "empty, too long"),
        (("viewer", "sellers", "S\N{ZERO WIDTH SPACE}01"), "empty, too long"),
        (("viewer", "sellers", "x" * 201), "empty, too long"),
        (("viewer",), "is no role"),
        (("owner", "stores"), "is no role"),
        ((), "is no role"),
        (("viewer", "sellers", "S01", "S02"), "is no role"),
    ],
)
def test_a_role_that_makes_no_sense_is_refused(words, told):
    with pytest.raises(GrantError, match=told):
        grant_of(words)


@pytest.mark.parametrize(
    "scope", ["", "stores", "stores:", ":read", "nothing:read", "stores:own", "stores:read:", "STORES:READ", "stores: read"]
)
def test_a_scope_that_makes_no_sense_is_refused(scope):
    with pytest.raises(GrantError, match="nothing that a token can be made for"):
        token_limits([scope])


def test_scopes_are_read_as_they_are_written():
    assert token_limits(["stores:read", "*:observe"]) == {("stores", Action.READ), (EVERYTHING, Action.OBSERVE)}
