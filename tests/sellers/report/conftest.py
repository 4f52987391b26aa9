"""The day report in two languages, made once for all tests."""

import pytest

from tests.sellers.report.made_up_report import workbook


@pytest.fixture(scope="session")
def english():
    return workbook()


@pytest.fixture(scope="session")
def russian():
    return workbook("ru")
