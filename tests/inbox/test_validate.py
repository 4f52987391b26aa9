"""A file is judged before it is delivered, as it would be afterwards."""

import datetime as dt

import pytest

from vitrina.errors import DeliveryError
from vitrina.inbox.validate import validate_file
from vitrina.stores.contracts import CONTRACTS

TODAY = dt.date(2024, 6, 30)
SALES = "store_id,date,revenue\n7,2024-01-31,100.50\n7,2024-02-30,20\n"


@pytest.fixture
def sales(tmp_path):
    path = tmp_path / "sales" / "january.csv"
    path.parent.mkdir()
    path.write_text(SALES)
    return path


def test_the_path_says_which_contract_applies_and_references_are_not_looked_up(sales):
    verdict = validate_file(sales, CONTRACTS, today=TODAY)
    assert (verdict.contract.name, verdict.accepted) == ("sales", False)
    assert (verdict.findings.counts.loaded, verdict.findings.counts.refused) == (1, 1)
    assert "was not checked" in verdict.text()


def test_a_verdict_uses_the_words_of_the_receipt(bench, sales):
    bench.deliver("stores.csv", "store_id,name,format\n7,A,b\n")
    bench.deliver("sales/january.csv", SALES)
    bench.ingest()
    table = [line for line in validate_file(sales, CONTRACTS, today=TODAY).text().splitlines() if line.startswith("|")]
    assert len(table) == 3
    assert "\n".join(table) in bench.receipts()[-1]


def test_a_good_file_is_accepted(sales):
    sales.write_text("store_id,date,revenue\n7,2024-01-31,100.50\n")
    verdict = validate_file(sales, CONTRACTS, today=TODAY)
    assert verdict.accepted
    assert "The file would be loaded." in verdict.text()
    assert "Файл будет загружен." in verdict.text("ru")


def test_a_file_that_would_be_quarantined_is_said_to_be(sales):
    sales.write_text("shop,date,revenue\n7,2024-01-31,1\n")
    verdict = validate_file(sales, CONTRACTS, today=TODAY)
    assert not verdict.accepted
    assert "missing columns: store_id" in verdict.text()
    assert "не хватает столбцов: store_id" in verdict.text("ru")


def test_a_contract_can_be_named_when_the_path_says_nothing(tmp_path):
    path = tmp_path / "january.csv"
    path.write_text(SALES)
    with pytest.raises(DeliveryError, match="--contract"):
        validate_file(path, CONTRACTS, today=TODAY)
    assert validate_file(path, CONTRACTS, today=TODAY, contract="sales").contract.name == "sales"
    with pytest.raises(DeliveryError, match="Choose one of stores, sales, geo"):
        validate_file(path, CONTRACTS, today=TODAY, contract="clients")


def test_a_file_that_is_not_there_is_told_with_a_remedy(tmp_path):
    with pytest.raises(DeliveryError, match="Check the path"):
        validate_file(tmp_path / "stores.csv", CONTRACTS, today=TODAY)
