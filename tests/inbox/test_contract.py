"""Contracts fit their tables, and know their files."""

import dataclasses

import pytest

from vitrina.errors import DeclarationError
from vitrina.inbox.columns import safe_names
from vitrina.inbox.contract import Contract, Field, Kind, contract_for
from vitrina.marketplace.contracts import EVENTS, ITEMS
from vitrina.stores.contracts import CONTRACTS, GEO, SALES, STORES
from vitrina.stores.tables import RawGeo


@pytest.mark.parametrize(
    ("path", "contract"),
    [
        ("stores.csv", STORES),
        ("Stores.XLSX", STORES),
        ("stores.parquet", STORES),
        ("sales/2024-01.csv", SALES),
        ("sales/2024/01.parquet", SALES),
        ("sales/stores.csv", SALES),
        ("geo.xlsx", GEO),
        ("old/stores.csv", None),
        ("sales.csv", None),
        ("stores", None),
        ("my stores.csv", None),
    ],
)
def test_a_path_says_what_a_file_holds(path, contract):
    assert contract_for(path, CONTRACTS) is contract


def test_masters_stand_before_what_refers_to_them():
    names = [contract.name for contract in CONTRACTS]
    for contract in CONTRACTS:
        for reference in contract.references:
            assert names.index(reference.contract) < names.index(contract.name)


def test_a_contract_that_does_not_fit_its_table_is_refused():
    with pytest.raises(DeclarationError, match="store_id"):
        dataclasses.replace(SALES, fields=SALES.fields[1:])
    with pytest.raises(DeclarationError, match="does not fit"):
        Contract(
            "geo",
            "stores",
            "geo.*",
            RawGeo,
            (Field("store_id", Kind.INTEGER, "", "", required=True, may_be_empty=False),),
            ("store_id",),
        )
    with pytest.raises(DeclarationError, match="does not fit"):
        dataclasses.replace(GEO, fields=(dataclasses.replace(GEO.fields[0], may_be_empty=True),))


def test_only_text_is_hashed_and_only_into_a_column_that_is_declared_personal():
    with pytest.raises(DeclarationError, match="nm is hashed"):
        dataclasses.replace(ITEMS, fields=(dataclasses.replace(ITEMS.fields[0], hashed=True),))
    time = next(field for field in EVENTS.fields if field.kind is Kind.MOMENT)
    others = tuple(field for field in EVENTS.fields if field is not time)
    with pytest.raises(DeclarationError, match="utc_event_time is hashed"):
        dataclasses.replace(EVENTS, fields=(*others, dataclasses.replace(time, hashed=True)))


def test_utc_is_assumed_of_moments_only():
    with pytest.raises(DeclarationError, match="assume_utc"):
        dataclasses.replace(ITEMS, fields=(dataclasses.replace(ITEMS.fields[0], assume_utc=True),))


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_the_template_names_every_column_required_ones_first(contract):
    template = contract.template()
    required = [row.required for row in template]
    assert required == sorted(required, reverse=True)
    assert {row.column for row in template} >= {field.source for field in contract.fields}
    assert all(row.meaning and row.example and row.type for row in template)
    assert (template[-1].column == "any further column") == (contract.open_family is not None)


def test_names_of_further_columns_are_numbered_where_they_would_collide():
    names = safe_names("geo_", ["a b", "A-B", "a_b_2", "geo_x", "!!!", "???"])
    assert list(names.values()) == ["geo_a_b", "geo_a_b_2", "geo_a_b_2_2", "geo_x", "geo__", "geo___2"]
    assert all(RawGeo.find(name) is not None for name in names.values())
