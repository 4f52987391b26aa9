"""The warehouse as a Dagster resource: a thin shell over `vitrina.warehouse`."""

from typing import Any

import dagster as dg
from pydantic import Field

from vitrina.settings import Settings
from vitrina.warehouse import Warehouse, locate


class SettingsResource(dg.ConfigurableResource[Any]):
    """Base of resources that follow the one configuration.

    Attributes
    ----------
    overrides
        Settings by name that differ from the environment's; the environment is read when the run starts.
    """

    overrides: dict[str, str] = Field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        return Settings.model_validate(Settings().model_dump(mode="json") | self.overrides)


class WarehouseResource(SettingsResource):
    """Where tables are written: one place per product."""

    def of(self, product: str) -> Warehouse:
        """The tables of a product."""
        return Warehouse(locate(self.settings, product), self.settings.lock_timeout_s)
