"""What is made of a shop's videos: what is on a file, what can be seen on it, who is who, who served whom, and what that comes to."""

import datetime as dt
from typing import Annotated

import polars as pl

from vitrina.inbox.tables import MOMENT
from vitrina.tables import Table, column

SELLERS = "sellers"
VIDEO = "The video: store, camera, start and the beginning of its fingerprint."
SAMPLE = "Number of the sampled frame within the video, from 0."
PTS = "Presentation time of the frame, from the video's first one."
TRACK = "Number of the track within the video, from 1."
PERSON = "Number of the person within the video, from 1: all tracks of somebody who leaves the picture and returns."
SELLER = "The seller, as the shifts name them; empty where nobody on the roster could be matched."
NAME_LENGTH = 64
PATH_LENGTH = 1000
STATES = ("readable", "unreadable")
INTERACTION_KINDS = ("consultation", "payment")
FOOTAGE_STATES = ("ok", "dark", "blurred", "noisy", "frozen", "occluded")
ROLES = ("seller", "customer", "unknown", "fixture")
BASES = ("metres", "body heights")
APPEARANCE = Annotated[pl.List, pl.Float32()]
_CORNERS = "of the box, in the upright picture, from the left and from above."


class VideoFiles(Table, product=SELLERS, published=True, partitioned_by="video"):
    """One row per version of a video file: what is on it, since when, and why it cannot be read where it cannot."""

    video: str = column(VIDEO, key=True, max_length=200)
    store_id: str = column("The store, as the file's folder names it.", max_length=NAME_LENGTH)
    camera_id: str = column("The camera, as the file's folder names it.", max_length=NAME_LENGTH)
    path: str = column("Where the file lay within the inbox.", max_length=PATH_LENGTH)
    fingerprint: str = column("Hash of size and content.", pattern="^[0-9a-f]{32}$")
    size: int = column("Size of the file.", unit="bytes", ge=0)
    version: int = column("How many contents the name has had, this one included.", ge=1)
    modified_at: MOMENT = column("When the file was last written.")
    state: str = column("Whether it can be evaluated.", isin=STATES)
    reason: str = column("Why it cannot.", nullable=True)
    codec: str = column("Codec of the picture.", nullable=True)
    width: int = column("Width of the upright picture.", unit="px", nullable=True, ge=1)
    height: int = column("Height of the upright picture.", unit="px", nullable=True, ge=1)
    rotation: int = column(
        "By how much the file asks to turn the picture clockwise.", unit="degrees", nullable=True, isin=(0, 90, 180, 270)
    )
    fps: float = column("Frames per second, on average.", unit="1/s", nullable=True, gt=0)
    duration_s: float = column("From the first frame to the end of the last.", unit="s", nullable=True, ge=0)
    frames: int = column("Frames.", nullable=True, ge=0)
    keyframe_gap_median_s: float = column("Usual time between two key frames.", unit="s", nullable=True, ge=0)
    keyframe_gap_max_s: float = column("Longest time between two key frames.", unit="s", nullable=True, ge=0)
    started_at: MOMENT = column("True time of its first frame: the camera's clock less its offset.")
    time_zone: str = column("Time zone of the camera's clock.", max_length=NAME_LENGTH)
    offset_s: float = column("By how much the camera's clock is ahead.", unit="s")


class FootageSamples(Table, product=SELLERS, partitioned_by="video"):
    """One row per sampled frame: whether anything can be seen on it."""

    video: str = column(VIDEO, key=True, max_length=200)
    sample: int = column(SAMPLE, key=True, ge=0)
    pts_s: float = column(PTS, unit="s", ge=0)
    at: MOMENT = column("True time of the frame.")
    brightness: float = column("Mean luma, 0 to 255.", ge=0, le=255)
    sharpness: float = column("Variance of the Laplacian: too low is blurred, too high is noise.", ge=0)
    change: float = column("Mean absolute difference of luma to the sample before; 0 for the first.", ge=0, le=255)
    state: str = column("Whether anything can be seen.", isin=FOOTAGE_STATES)


class Detections(Table, product=SELLERS, partitioned_by="video"):
    """One row per person that was detected on a sampled frame; without pixels, but with what their clothes look like."""

    video: str = column(VIDEO, key=True, max_length=200)
    sample: int = column(SAMPLE, key=True, ge=0)
    detection: int = column("Number of the detection on the frame, from 0.", key=True, ge=0)
    pts_s: float = column(PTS, unit="s", ge=0)
    x1: float = column(f"Left edge {_CORNERS}", unit="px")
    y1: float = column(f"Upper edge {_CORNERS}", unit="px")
    x2: float = column(f"Right edge {_CORNERS}", unit="px")
    y2: float = column(f"Lower edge {_CORNERS}", unit="px")
    confidence: float = column("How sure the detector is.", ge=0, le=1)
    heading: float = column("Where the body faces, in the picture, clockwise from the right.", unit="rad", nullable=True)
    appearance: APPEARANCE = column("What the person looks like, of unit length.", personal=True)


class Tracks(Table, product=SELLERS, partitioned_by="video"):
    """One row per track: detections that follow one another and are held for one person."""

    video: str = column(VIDEO, key=True, max_length=200)
    track: int = column(TRACK, key=True, ge=1)
    person: int = column(PERSON, ge=1)
    first_s: float = column("Time of its first sample.", unit="s", ge=0)
    last_s: float = column("Time of its last sample.", unit="s", ge=0)
    samples: int = column("Samples on which the person was detected.", ge=1)
    confidence: float = column("Mean confidence of its detections.", ge=0, le=1)
    height_px: float = column("Median height of its boxes.", unit="px", gt=0)
    moved_px: float = column("Greater side of the rectangle that the feet stay in.", unit="px", ge=0)
    appearance: APPEARANCE = column("Mean of its detections' appearances, of unit length.", personal=True)


class Trajectories(Table, product=SELLERS, partitioned_by="video"):
    """One row per track and sample: where somebody was."""

    video: str = column(VIDEO, key=True, max_length=200)
    track: int = column(TRACK, key=True, ge=1)
    sample: int = column(SAMPLE, key=True, ge=0)
    pts_s: float = column(PTS, unit="s", ge=0)
    at: MOMENT = column("True time of the frame.")
    x1: float = column(f"Left edge {_CORNERS}", unit="px")
    y1: float = column(f"Upper edge {_CORNERS}", unit="px")
    x2: float = column(f"Right edge {_CORNERS}", unit="px")
    y2: float = column(f"Lower edge {_CORNERS}", unit="px")
    foot_x: float = column("Middle of the box's lower edge, from the left.", unit="px")
    foot_y: float = column("The box's lower edge, from above.", unit="px")
    floor_x: float = column("Where the feet are on the floor, along the plan's first axis.", unit="m", nullable=True)
    floor_y: float = column("Where the feet are on the floor, along the plan's second axis.", unit="m", nullable=True)
    heading: float = column("Where the body faces, in the picture, clockwise from the right.", unit="rad", nullable=True)


class SellerAppearances(Table, product=SELLERS, partitioned_by="video"):
    """One row per seller whom a video has surely shown: what they wore on that day. Known for some days, to find them again."""

    video: str = column(VIDEO, key=True, max_length=200)
    seller_id: str = column("The seller, as the shifts name them.", key=True, personal=True, max_length=NAME_LENGTH)
    store_id: str = column("The store.", max_length=NAME_LENGTH)
    day: dt.date = column("The day, by the store's clock.")
    appearance: APPEARANCE = column("What the seller looked like, of unit length.", personal=True)


class People(Table, product=SELLERS, partitioned_by="video"):
    """One row per person of a video: how long they were there, and whether they sell or buy."""

    video: str = column(VIDEO, key=True, max_length=200)
    person: int = column(PERSON, key=True, ge=1)
    tracks: int = column("Tracks of the person.", ge=1)
    first_s: float = column("Time of the first sample.", unit="s", ge=0)
    last_s: float = column("Time of the last sample.", unit="s", ge=0)
    present_s: float = column("Time in the picture: the sum over the tracks.", unit="s", ge=0)
    role: str = column("Who it is; a fixture is no person, such as a poster.", isin=ROLES)
    seller_id: str = column(SELLER, personal=True, nullable=True, max_length=NAME_LENGTH)
    confidence: float = column("How sure the role is.", ge=0, le=1)
    baseline_role: str = column("Who it would be if whoever is in the picture longest were the seller.", isin=ROLES)
    staff_zone_share: float = column("Share of the samples in the staff zone; null without one.", nullable=True, ge=0, le=1)
    evidence: str = column("What speaks for the role, in words.")


class Interactions(Table, product=SELLERS, partitioned_by="video"):
    """One row per time that a seller and a customer stood together long enough to speak."""

    video: str = column(VIDEO, key=True, max_length=200)
    interaction: int = column("Number of the interaction within the video, from 1, by its beginning.", key=True, ge=1)
    kind: str = column("Whether the customer was served, or came to the seller only to pay.", isin=INTERACTION_KINDS)
    seller_person: int = column("The person who sells.", ge=1)
    customer_person: int = column("The person who buys.", ge=1)
    seller_id: str = column(SELLER, personal=True, nullable=True, max_length=NAME_LENGTH)
    begin_s: float = column("When it began.", unit="s", ge=0)
    end_s: float = column("When it ended.", unit="s", ge=0)
    begin_at: MOMENT = column("True time of its beginning.")
    end_at: MOMENT = column("True time of its end.")
    duration_s: float = column("How long it took.", unit="s", ge=0)
    closest: float = column("Least distance between the two, one of whom may have been hidden.", ge=0)
    basis: str = column("What distances are measured in.", isin=BASES)
    oriented: bool = column("Whether it was looked at who faces whom; null without headings.", nullable=True)
    samples: int = column("Samples on which the two were together, those included on which one was hidden.", ge=1)
    at_counter: bool = column("Whether the seller stood in the staff's part; null where nobody told which it is.", nullable=True)
    receipt_id: str = column("The receipt that followed within the window.", nullable=True, max_length=NAME_LENGTH)
    successful: bool = column("Whether a receipt followed; null where no receipts of the time were delivered.", nullable=True)


class SellerVideoMetrics(Table, product=SELLERS, published=True, partitioned_by="video"):
    """One row per video, seller and metric: what it comes to, how surely, and on how much of the time that rests."""

    video: str = column(VIDEO, key=True, max_length=200)
    seller_id: str = column("The seller; empty for all of the video together.", key=True, max_length=NAME_LENGTH)
    metric: str = column("What is measured.", key=True, max_length=NAME_LENGTH)
    value: float = column("Its value; null where it cannot be said.", nullable=True)
    low: float = column("Lower end of its 95 % interval.", nullable=True)
    high: float = column("Upper end of its 95 % interval.", nullable=True)
    n: int = column("Events that it rests on.", ge=0)
    coverage: float = column("Share of the opening hours within the video that could be seen.", ge=0, le=1)
    refused: str = column("Why there is no value.", nullable=True)


VIDEO_TABLES: tuple[type[Table], ...] = (
    VideoFiles,
    FootageSamples,
    Detections,
    Tracks,
    Trajectories,
    SellerAppearances,
    People,
    Interactions,
    SellerVideoMetrics,
)
"""What one video comes to, partition by partition."""
