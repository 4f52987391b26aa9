"""What the API says of stores, days, hours, interactions, footage, videos and boxes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, Field

from serving.sellers.days import SellerDay
from serving.sellers.stores import Store
from vitrina.sellers.metrics import ALL, BY_NAME

Answer = TypeVar("Answer", bound=BaseModel)

_WHY = "Why there is no value; null where there is one."


def from_row(model: type[Answer], row: Mapping[str, Any], **named: str) -> Answer:
    """An answer whose fields are columns of a row; `named` says which, where a column is called otherwise."""
    return model(**{name: row[named.get(name, name)] for name in model.model_fields})


class NumberOut(BaseModel):
    """A number, how sure it is, or why there is none."""

    value: float | None = Field(description="Its value; null where it cannot be said, which does not mean nought.", examples=[0.62])
    low: float | None = Field(description="Lower end of its 95 % interval.", examples=[0.51])
    high: float | None = Field(description="Upper end of its 95 % interval.", examples=[0.72])
    n: int = Field(description="Events that it rests on.", examples=[78])
    unit: str = Field(description="Of the value.", examples=["share"])
    refused: str | None = Field(description=_WHY, examples=["No receipts of this store and day were delivered."])


class CameraOut(BaseModel):
    """A camera on the latest day of which there is anything."""

    camera: str = Field(examples=["hall-1"])
    day: dt.date
    coverage: float | None = Field(description="Share of the opening hours within its videos that could be seen.", examples=[0.97])
    problem: str | None = Field(description="What was lost most by; null where all is well.", examples=["dark"])
    why: str | None = Field(description="The same in words.", examples=["Too dark on 12 % of the samples."])


class StoreOut(BaseModel):
    """A store with cameras."""

    store: str = Field(examples=["lenina-5"])
    first_day: dt.date = Field(description="First day of which there is anything.")
    last_day: dt.date = Field(description="Last day of which there is anything.")
    time_zone: str = Field(description="Of its clock.", examples=["Europe/Moscow"])
    latest_day: dt.date | None = Field(description="Latest day with numbers, or with reasons why there are none.")
    coverage: float | None = Field(description="Share of that day's opening hours that could be seen.", examples=[0.96])
    cameras: list[CameraOut]

    @classmethod
    def of(cls, store: Store) -> StoreOut:
        """From what was found."""
        return cls(
            store=store.store_id,
            first_day=store.first_day,
            last_day=store.last_day,
            time_zone=store.time_zone,
            latest_day=store.latest.day if store.latest else None,
            coverage=store.latest.coverage if store.latest else None,
            cameras=[
                CameraOut(
                    camera=row["camera_id"], day=row["day"], coverage=row["coverage"], problem=row["worst"], why=row["worst_reason"]
                )
                for row in store.cameras
            ],
        )


class DayOut(BaseModel):
    """A day of a seller, or of the whole store."""

    day: dt.date
    seller: str | None = Field(description="The seller, as the shifts name them; null for the whole store.", examples=["S01"])
    coverage: float = Field(description="Share of the opening hours that could be seen.", examples=[0.96])
    numbers: dict[str, NumberOut] = Field(description="By metric; what each says is in the data dictionary of the published file.")

    @classmethod
    def of(cls, one: SellerDay) -> DayOut:
        """From what was found."""
        numbers = {
            name: NumberOut(
                value=number.value, low=number.low, high=number.high, n=number.n, unit=BY_NAME[name].unit, refused=number.refused
            )
            for name, number in one.numbers.items()
        }
        return cls(day=one.day, seller=None if one.seller_id == ALL else one.seller_id, coverage=one.coverage, numbers=numbers)


class HourOut(BaseModel):
    """An hour of a store's clock. Numbers are what was seen; null where nothing can be said."""

    day: dt.date
    hour: int = Field(description="0 to 23; where clocks are put back, one comes twice.", examples=[14])
    begin_at: dt.datetime
    customers_seen: int | None = Field(examples=[23])
    sellers_seen: int | None = Field(examples=[2])
    unknown_seen: int | None = Field(description="People of whom it is not known whether they sell or buy.", examples=[1])
    customer_minutes: float | None
    seller_minutes: float | None
    consultations: int | None = Field(description="Consultations that began in the hour.", examples=[9])
    successful: int | None = Field(description="Of these, those that a receipt followed; null without receipts, too.", examples=[4])
    payments: int | None = Field(description="Times that a customer came to the seller only to pay.", examples=[5])
    filmed_minutes: float = Field(examples=[60.0])
    share_seen: float = Field(description="Share of the hour in which something could be seen.", examples=[0.98])
    refused: str | None = Field(description="Why nothing can be said.", examples=["Nothing could be seen."])

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> HourOut:
        """From a row of the mart."""
        return from_row(cls, row)


class InteractionOut(BaseModel):
    """A time that a seller and a customer stood together."""

    video: str = Field(description="Key of the video.", examples=["lenina-5|hall-1|20261014T060000Z|0123abcd"])
    interaction: int = Field(description="Number within the video.", examples=[7])
    camera: str = Field(examples=["hall-1"])
    seller: str | None = Field(description="Null where nobody on the roster could be matched.", examples=["S01"])
    kind: str = Field(description="`consultation`, or `payment` where the customer came only to pay.", examples=["consultation"])
    begin_at: dt.datetime
    end_at: dt.datetime
    duration_s: float = Field(examples=[92.0])
    begin_s: float = Field(description="Where it begins in the video, in seconds.", examples=[4210.5])
    end_s: float = Field(description="Where it ends in the video, in seconds.", examples=[4302.5])
    successful: bool | None = Field(description="Whether a receipt followed; null without receipts, and for payments.")
    receipt: str | None = Field(examples=["000123"])
    amount_minor: int | None = Field(description="Of the receipt, in minor units of the currency.", examples=[249900])
    counts: bool = Field(description="Whether totals count the video: of cameras that see the same floor, one does at a time.")
    clip: str | None = Field(description="Address of its clip; null where none was cut, or it was deleted.")
    clip_expires_at: dt.datetime | None = Field(description="When the clip is deleted: from then on its address answers 410.")
    clip_deleted_at: dt.datetime | None = Field(description="When the clip was deleted.")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> InteractionOut:
        """From a row of `interactions`."""
        kept = row["clip"] is not None and row["clip_deleted_at"] is None
        clip = clip_address(row["store_id"], row["video"], row["interaction"]) if kept else None
        told = {**row, "clip": clip, "seller": row["seller_id"] or None}
        return from_row(cls, told, camera="camera_id", receipt="receipt_id", amount_minor="amount")


def clip_address(store: str, video: str, interaction: int) -> str:
    """Where a clip is served."""
    return f"/sellers/stores/{quote(store, safe='')}/clips/{interaction}.mp4?{urlencode({'video': video})}"


class FootageOut(BaseModel):
    """A camera's day: what was filmed, what could be seen, and what was lost most by."""

    camera: str = Field(examples=["hall-1"])
    day: dt.date
    videos: int = Field(description="Readable videos.", examples=[12])
    hours_filmed: float = Field(examples=[11.9])
    coverage: float | None = Field(description="Share of the opening hours within the videos that could be seen.", examples=[0.97])
    share_dark: float | None
    share_blurred: float | None
    share_noisy: float | None
    share_frozen: float | None
    share_occluded: float | None
    gaps: int = Field(description="Times without footage between two files.", examples=[1])
    gap_s: float = Field(description="How long these were together, in seconds.", examples=[61.0])
    unreadable_files: int
    duplicate_files: int
    refused_files: int
    problem: str | None = Field(description="What was lost most by; null where all is well.", examples=["gap"])
    why: str | None = Field(description="The same in words.", examples=["Between files, 2 % of the time is missing."])

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> FootageOut:
        """From a row of the mart."""
        return from_row(cls, row, camera="camera_id", problem="worst", why="worst_reason")


class VideoOut(BaseModel):
    """A video of a store."""

    video: str = Field(description="Its key.", examples=["lenina-5|hall-1|20261014T060000Z|0123abcd"])
    camera: str = Field(examples=["hall-1"])
    started_at: dt.datetime = Field(description="True time of its first frame.")
    duration_s: float | None = Field(examples=[3600.0])
    width: int | None = Field(description="Of the upright picture, in pixels: boxes are in these.", examples=[1920])
    height: int | None = Field(examples=[1080])
    state: str = Field(description="`readable` or `unreadable`.", examples=["readable"])
    reason: str | None = Field(description="Why it cannot be read.", examples=["The file is empty (0 bytes)."])

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> VideoOut:
        """From a row of `VideoFiles`."""
        return from_row(cls, row, camera="camera_id")


class DetectionOut(BaseModel):
    """A box around somebody on a frame that was looked at."""

    sample: int = Field(description="Number of the frame among those that were looked at, from 0.", examples=[27])
    detection: int = Field(description="Number of the box on the frame, from 0.", examples=[0])
    pts_s: float = Field(description="Time of the frame, in seconds from the first.", examples=[27.0])
    at: dt.datetime = Field(description="True time of the frame.")
    x1: float = Field(description="Left edge, in pixels of the upright picture.", examples=[101.5])
    y1: float = Field(description="Upper edge.", examples=[80.0])
    x2: float = Field(description="Right edge.", examples=[160.5])
    y2: float = Field(description="Lower edge.", examples=[240.0])
    confidence: float = Field(description="How sure the detector is.", examples=[0.87])
    heading: float | None = Field(description="Where the body faces, in the picture, clockwise from the right, in radians.")
    track: int | None = Field(description="Boxes that follow one another; null where nobody followed this one.", examples=[4])
    person: int | None = Field(description="All tracks of somebody who leaves and returns.", examples=[2])
    role: str | None = Field(description="`seller`, `customer`, `unknown`, or `fixture` for no person.", examples=["customer"])
    floor_x: float | None = Field(description="Where the feet are on the floor, in metres.", examples=[3.2])
    floor_y: float | None = Field(examples=[7.9])
