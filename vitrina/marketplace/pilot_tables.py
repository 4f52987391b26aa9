"""What people made of the recommendations: experts in a pilot, users in the shop."""

import datetime as dt

from vitrina.inbox.tables import MOMENT
from vitrina.marketplace.raw_tables import MARKETPLACE, USER
from vitrina.tables import Table, column


class PilotCases(Table, product=MARKETPLACE):
    """One row per pilot, case and item that experts are asked about; they do not see which of them are recommendations."""

    pilot: str = column("Identifier of the pilot.", key=True)
    case: str = column("Number of the user in the sheet; no identifier.", key=True)
    item_id: str = column("The item as events name it.", key=True)
    user_hash: str = column(USER, personal=True)
    recommended: bool = column("Whether it is one of the recommendations; the others are drawn from what was not recommended.")
    position: int = column("Position in the case's shuffled list.", ge=1)


class PilotSheets(Table, product=MARKETPLACE, published=True):
    """One row per pilot and language: the sheet that experts fill."""

    pilot: str = column("Identifier of the pilot.", key=True)
    locale: str = column("Language of the sheet.", key=True)
    made_at: MOMENT = column("When it was made.")
    cases: int = column("Users in it.", unit="users", ge=1)
    path: str = column("Path of the workbook, relative to the data folder.")
    size: int = column("Size of the file.", unit="bytes", ge=1)


class PilotResults(Table, product=MARKETPLACE, published=True):
    """One row per pilot and measure: what experts made of the recommendations, with the interval that few cases allow."""

    pilot: str = column("Identifier of the pilot.", key=True)
    measure: str = column("What is measured, named in full.", key=True)
    value: float = column("Value.", nullable=True)
    low: float = column("Lower end of the 95 % interval, by bootstrap over cases.", nullable=True)
    high: float = column("Upper end of it.", nullable=True)
    cases: int = column("Users judged.", unit="users", ge=0)
    verdicts: int = column("Verdicts given.", unit="verdicts", ge=0)


class RecommendationUptake(Table, product=MARKETPLACE, published=True):
    """One row per measure and comparison: what users who were shown recommendations did, beside those who were not."""

    compared: str = column(
        "Which groups are compared.", key=True, isin=("recommended against hold-out", "recommended against the period before")
    )
    measure: str = column("What is measured, named in full.", key=True)
    shown_from: dt.date = column("First day on which recommendations were shown.")
    shown_until: dt.date = column("Day after the last.")
    value: float = column("Value among users who were shown recommendations.", nullable=True)
    other: float = column("Value of what it is compared with.", nullable=True)
    difference: float = column("The first minus the second.", nullable=True)
    low: float = column("Lower end of the difference's 95 % interval, by bootstrap over users.", nullable=True)
    high: float = column("Upper end of it.", nullable=True)
    users: int = column("Users who were shown recommendations.", unit="users", ge=0)
    other_users: int = column("Users of the other group.", unit="users", ge=0)


PILOT_TABLES: tuple[type[Table], ...] = (PilotCases, PilotSheets, PilotResults, RecommendationUptake)
