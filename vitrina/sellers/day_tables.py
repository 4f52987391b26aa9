"""What videos come to together: deliveries, days, purchases, drift, judgement, evidence, retention and what a replay would change."""

import datetime as dt

from vitrina.inbox.tables import MOMENT
from vitrina.sellers.manual_counts import BASE_METRICS, RawManualCounts
from vitrina.sellers.raw_tables import (
    CAMERA,
    STORE,
    RawAnnotations,
    RawCameras,
    RawShifts,
    RawTillReceipts,
    RawTrueRoles,
    SellersDeliveries,
    SellersRefusedRows,
)
from vitrina.sellers.tables import NAME_LENGTH, PATH_LENGTH, SELLER, SELLERS, VIDEO, VIDEO_TABLES
from vitrina.tables import Table, column

DELIVERY_STATES = ("waiting", "evaluated", "unreadable", "duplicate", "refused", "expired")
EVIDENCE_KINDS = ("clip", "trajectory", "heat map", "timeline", "boxes", "report")
DELETED_KINDS = ("video", "clip", "picture", "frame", "copy")


class VideoDeliveries(Table, product=SELLERS, published=True):
    """One row per file among the videos of the inbox, as it was last seen: what became of it, and why nothing did."""

    path: str = column("Where the file lay within the inbox.", key=True, max_length=PATH_LENGTH)
    version: int = column("How many contents the name has had, this one included.", key=True, ge=1)
    video: str = column("The video's key, where it has one.", nullable=True, max_length=200)
    state: str = column("What became of it.", isin=DELIVERY_STATES)
    reason: str = column("Why it is not evaluated, or what people should know.", nullable=True)
    remedy: str = column("What to do.", nullable=True)
    same_as: str = column("The file with the same content that stands for it.", nullable=True, max_length=PATH_LENGTH)
    size: int = column("Size of the file.", unit="bytes", nullable=True, ge=0)
    recorded_at: MOMENT = column("When it was first seen complete.")
    expires_at: MOMENT = column("When the file is deleted.", nullable=True)
    deleted_at: MOMENT = column("When it was deleted.", nullable=True)


class DayVideos(Table, product=SELLERS):
    """One row per readable video: the store's day that it belongs to, and whether it counts there or another camera does."""

    video: str = column(VIDEO, key=True, max_length=200)
    store_id: str = column(STORE, max_length=NAME_LENGTH)
    camera_id: str = column(CAMERA, max_length=NAME_LENGTH)
    day: dt.date = column("The day on which it begins, by the store's clock.")
    time_zone: str = column("Time zone of the store's clock.", max_length=NAME_LENGTH)
    started_at: MOMENT = column("True time of its first frame.")
    ended_at: MOMENT = column("True time of its end.")
    step_s: float = column("Usual time between two samples.", unit="s", nullable=True, gt=0)
    coverage: float = column("Share of the opening hours within the video that could be seen.", ge=0, le=1)
    open_s: float = column(
        "For how much of it the shop was open; empty where nobody told the hours.", unit="s", nullable=True, ge=0
    )
    counts: bool = column("Whether totals count it: of cameras that see the same floor, one does at a time.")
    floor_group: str = column("Name of the cameras that see the same floor.", nullable=True, max_length=NAME_LENGTH)


class Purchases(Table, product=SELLERS):
    """One row per receipt over more than nothing of a store that is filmed: whether a seller consulted the customer before."""

    store_id: str = column(STORE, key=True, max_length=NAME_LENGTH)
    receipt_id: str = column("Number of the receipt.", key=True, max_length=NAME_LENGTH)
    at: MOMENT = column("When it was printed.")
    day: dt.date = column("The day, by the store's clock.")
    amount: int = column("Amount.", unit="minor currency units", gt=0)
    register: str = column("The till.", nullable=True, max_length=NAME_LENGTH)
    video: str = column("The video of the consultation.", nullable=True, max_length=200)
    interaction: int = column("The consultation within the video.", nullable=True, ge=1)
    seller_id: str = column(SELLER, personal=True, nullable=True, max_length=NAME_LENGTH)
    consulted: bool = column("Whether a consultation preceded it; null where nobody could see.", nullable=True)


class SellerDayMetrics(Table, product=SELLERS, published=True):
    """One row per store, day, seller and metric: what it comes to, how surely, and on how much of the opening hours that rests."""

    store_id: str = column(STORE, key=True, max_length=NAME_LENGTH)
    day: dt.date = column("The day, by the store's clock.", key=True)
    seller_id: str = column("The seller; empty for the whole store.", key=True, personal=True, max_length=NAME_LENGTH)
    metric: str = column("What is measured.", key=True, max_length=NAME_LENGTH)
    value: float = column("Its value; null where it cannot be said.", nullable=True)
    low: float = column("Lower end of its 95 % interval.", nullable=True)
    high: float = column("Upper end of its 95 % interval.", nullable=True)
    n: int = column("Events that it rests on.", ge=0)
    coverage: float = column("Share of the opening hours that could be seen.", ge=0, le=1)
    refused: str = column("Why there is no value.", nullable=True)


class FootageDrift(Table, product=SELLERS, published=True):
    """One row per camera, day and measure: how far it is from the same weekday before."""

    store_id: str = column(STORE, key=True, max_length=NAME_LENGTH)
    camera_id: str = column(CAMERA, key=True, max_length=NAME_LENGTH)
    day: dt.date = column("The day, by the store's clock.", key=True)
    measure: str = column("What is measured.", key=True, max_length=NAME_LENGTH)
    value: float = column("Its value on the day; null where nothing was seen.", nullable=True)
    usual: float = column("Its median on the days that it is compared with.", nullable=True)
    spread: float = column("Their median absolute deviation, as a standard deviation.", nullable=True, ge=0)
    days: int = column("Days that it is compared with.", ge=0)
    weekday: bool = column("Whether these are the same weekdays, or any days because there are too few.")
    z: float = column("Distance from the median in such deviations; null where there are too few days.", nullable=True)
    drifted: bool = column("Whether it is too far to be chance.")


class MetricDeviations(Table, product=SELLERS, published=True):
    """One row per base metric and way to tell it: how far it is from what people counted, and whether ±10 % is shown."""

    metric: str = column("What is measured.", key=True, isin=BASE_METRICS)
    way: str = column("How the deviation is told.", key=True, max_length=NAME_LENGTH)
    value: float = column("Relative deviation: absolute of each video, with a sign of the total.", nullable=True)
    low: float = column("Lower end of its 95 % interval.", nullable=True)
    high: float = column("Upper end of its 95 % interval.", nullable=True)
    videos: int = column("Videos that people counted on.", ge=0)
    events: int = column("Events that it rests on.", ge=0)
    events_needed: int = column("Events from which chance alone stays within the bound.", nullable=True, ge=0)
    verdict: str = column("Whether the bound is kept.", isin=("shown", "not shown", "refuted"))
    why: str = column("Why that cannot be said.", nullable=True)


class StrideQuality(Table, product=SELLERS, published=True, partitioned_by="video"):
    """One row per annotated video, stride and measure: how good detection, tracking and counting are if fewer frames are looked at."""

    video: str = column(VIDEO, key=True, max_length=200)
    stride: int = column("Every which frame is looked at.", key=True, ge=1)
    measure: str = column("What is measured.", key=True, max_length=NAME_LENGTH)
    value: float = column("Its value; null where there is nothing to measure.", nullable=True)
    n: int = column("Boxes, people or events that it rests on.", ge=0)


class RoleConfusion(Table, product=SELLERS, published=True, partitioned_by="video"):
    """One row per annotated video, true label and said label: seconds of people; "nobody" where there is no person."""

    video: str = column(VIDEO, key=True, max_length=200)
    matrix: str = column("Whether people are told from nothing, or roles from one another.", key=True, isin=("person", "role"))
    truth: str = column("What is true.", key=True, max_length=NAME_LENGTH)
    said: str = column("What was said.", key=True, max_length=NAME_LENGTH)
    seconds: float = column("Time.", unit="s", ge=0)


class EvidenceFiles(Table, product=SELLERS, published=True, partitioned_by="video"):
    """One row per picture, clip (faces blurred) or file of boxes of a video: where it lies, what it shows, and until when it is kept."""

    video: str = column(VIDEO, key=True, max_length=200)
    kind: str = column("What it is.", key=True, isin=EVIDENCE_KINDS)
    interaction: int = column("The interaction that it shows; 0 for all of the video.", key=True, ge=0)
    locale: str = column("Language of its words; empty where it has none.", key=True, max_length=NAME_LENGTH)
    path: str = column("Where it lies within the data folder.", max_length=PATH_LENGTH)
    begin_s: float = column("Where it begins in the video.", unit="s", nullable=True, ge=0)
    end_s: float = column("Where it ends in the video.", unit="s", nullable=True, ge=0)
    size: int = column("Size of the file.", unit="bytes", ge=0)
    expires_at: MOMENT = column("When it is deleted; null for what shows nobody.", nullable=True)


class DayReports(Table, product=SELLERS, published=True):
    """One row per store, day and language: the Excel workbook for the store's manager."""

    store_id: str = column(STORE, key=True, max_length=NAME_LENGTH)
    day: dt.date = column("The day, by the store's clock.", key=True)
    locale: str = column("Language.", key=True, max_length=NAME_LENGTH)
    path: str = column("Where it lies within the data folder.", max_length=PATH_LENGTH)
    made_at: MOMENT = column("When it was made.")


class DeletedFiles(Table, product=SELLERS, published=True):
    """One row per file that was deleted because it had been kept long enough, or could not be."""

    path: str = column("Where it lay, within the inbox or the data folder.", key=True, max_length=PATH_LENGTH)
    deleted_at: MOMENT = column("When it was deleted, or the attempt was made.", key=True)
    kind: str = column("What it was.", isin=DELETED_KINDS)
    video: str = column("The video that it was, or was made of.", nullable=True, max_length=200)
    size: int = column("Size of the file.", unit="bytes", nullable=True, ge=0)
    failure: str = column("Why it is still there.", nullable=True)


class ReplayDifferences(Table, product=SELLERS):
    """One row per number of a day that was computed anew with other parameters, without changing anything that is stored."""

    replay: str = column("The replay: the beginning of the hash of what was asked for.", key=True, max_length=NAME_LENGTH)
    store_id: str = column(STORE, key=True, max_length=NAME_LENGTH)
    day: dt.date = column("The day, by the store's clock.", key=True)
    seller_id: str = column("The seller; empty for the whole store.", key=True, personal=True, max_length=NAME_LENGTH)
    metric: str = column("What is measured.", key=True, max_length=NAME_LENGTH)
    stored: float = column("Its value as it is stored.", nullable=True)
    replayed: float = column("Its value with the other parameters.", nullable=True)
    difference: float = column("The latter less the former.", nullable=True)
    within: bool = column("Whether the new value lies within the stored one's interval.", nullable=True)
    parameters: str = column("The parameters that differ, as JSON.")
    made_at: MOMENT = column("When it was computed.")


RAW_TABLES: tuple[type[Table], ...] = (
    SellersDeliveries,
    SellersRefusedRows,
    RawCameras,
    RawShifts,
    RawTillReceipts,
    RawManualCounts,
    RawAnnotations,
    RawTrueRoles,
)
DAY_TABLES: tuple[type[Table], ...] = (
    VideoDeliveries,
    DayVideos,
    Purchases,
    SellerDayMetrics,
    FootageDrift,
    MetricDeviations,
    StrideQuality,
    RoleConfusion,
    EvidenceFiles,
    DayReports,
    DeletedFiles,
    ReplayDifferences,
)
TABLES: tuple[type[Table], ...] = (*RAW_TABLES, *VIDEO_TABLES, *DAY_TABLES)
