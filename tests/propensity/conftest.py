"""Scored months that are published once, and only looked at."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages import Visitor, visiting
from tests.propensity.published_months import publish_months
from vitrina.settings import Settings


@pytest.fixture(scope="session")
def published_bank(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Three published months."""
    settings = Settings(
        data=tmp_path_factory.mktemp("bank"),
        propensity_contacts=90,
        propensity_control_share=0.1,
        propensity_opening_value=10_000,
        propensity_contact_cost=100,
        pages_requests_per_minute=1_000_000,
        _env_file=None,
    )
    publish_months(settings)
    return settings


@pytest.fixture
def own_bank(published_bank: Settings, tmp_path: Path) -> Settings:
    """A copy, to be changed; nobody has signed in to it."""
    data = tmp_path / "bank"
    shutil.copytree(published_bank.data, data, ignore=shutil.ignore_patterns("state*"))
    return published_bank.model_copy(update={"data": data})


@pytest.fixture(scope="session")
def bank(published_bank: Settings) -> Iterator[Visitor]:
    """Their pages."""
    with visiting(published_bank) as visitor:
        yield visitor
