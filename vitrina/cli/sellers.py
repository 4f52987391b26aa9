"""Videos on the command line: new ones are evaluated one after the other, and a detector is calibrated on the shop's own frames."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vitrina.cli import launch
from vitrina.errors import VitrinaError
from vitrina.inbox.ledger import Ledger
from vitrina.inbox.messages import shown
from vitrina.inbox.staleness import WHOLE
from vitrina.sellers.tables import SELLERS
from vitrina.sellers.video_ledger import VideoLedger
from vitrina.settings import Settings

PARTITION_TAG = "dagster/partition"

commands = typer.Typer(help="Videos: calibrating the detector, and annotated videos to look at.", no_args_is_help=True)
console = Console()


def fetch_sheet(settings: Settings) -> None:
    """Fetch the sheet of shifts, where one is set; what was fetched before stays where that fails, and the reason is told."""
    from vitrina.sellers.sheets import fetch_shifts  # noqa: PLC0415  # cryptography, which other commands do not need

    if settings.sellers_shifts_sheet:
        try:
            fetch_shifts(settings, now=dt.datetime.now(dt.UTC))
        except VitrinaError as error:
            console.print(f"{error.problem} {error.remedy}", markup=False)


def evaluate_videos(settings: Settings) -> int:
    """Evaluate new videos, and again those that deliveries made stale; one that fails is told, and holds up no other.

    Returns
    -------
    int
        How many have failed.
    """
    logs = settings.data / "logs"
    launch.run_module(settings, ["resources.video_runs"], log=logs / "videos.log")
    ledger = VideoLedger(settings.videos)
    waiting = ledger.waiting()
    new = [record.video for record in waiting]
    stale = [key for key, _ in Ledger(settings.ledger).stale(SELLERS) if key != WHOLE and key not in new]
    failures: list[tuple[str, str]] = []
    for job, keys in (("sellers_video", new), ("sellers_from_detections", stale)):
        for number, key in enumerate(keys, start=1):
            with console.status(f"{SELLERS}: video {number} of {len(keys)}, {shown(key)}"):
                try:
                    launch.execute_job(settings, job, tags={PARTITION_TAG: key})
                except launch.RunFailedError as error:
                    failures.append((key, error.problem))
    for key, problem in failures:
        console.print(f"{shown(key)}: {problem}", markup=False)
    if failures:
        # days of all others are computed all the same
        Ledger(settings.ledger).mark_stale(SELLERS, [WHOLE], dt.datetime.now(dt.UTC))
    return len(failures)


@commands.command()
def calibrate(
    frames: Annotated[Path, typer.Argument(help="Folder with 100 to 300 frames of the shop's own cameras, as JPEG or PNG.")],
    weights: Annotated[str, typer.Option(help="File of torch's that is exported, e.g. yolov8n.pt.")] = "yolov8n.pt",
    size: Annotated[int, typer.Option(help="Longer side that pictures are brought to, in pixels.")] = 640,
    data: Annotated[Path | None, typer.Option("--data", help="Data folder.")] = None,
) -> None:
    """Export a detector to 8-bit integers, calibrated on the shop's own frames: three to four times as fast on a processor."""
    from vitrina.sellers.exporting import calibrated_export  # noqa: PLC0415  # takes seconds to load
    from vitrina.sellers.weights import find_weights  # noqa: PLC0415  # as above

    settings = Settings() if data is None else Settings(data=data)
    folder = settings.models_folder
    found = find_weights(weights, folder, gpu=True, download=settings.models_download)
    export = calibrated_export(found, frames, folder, image_size=size)
    console.print(f"{export}: it is used from the next video on, where VITRINA_SELLERS_DETECTOR names {found.stem}.", markup=False)


@commands.command()
def annotate(
    film: Annotated[Path, typer.Argument(help="A film.", exists=True, dir_okay=False)],
    target: Annotated[Path, typer.Argument(help="The MP4 to be written.")],
    language: Annotated[str, typer.Option(help="en or ru.")] = "en",
    unblurred: Annotated[bool, typer.Option("--unblurred", help="Leave heads as they are: the file then shows people.")] = False,  # noqa: FBT002  # a flag
    data: Annotated[Path | None, typer.Option("--data", help="Data folder.")] = None,
) -> None:
    """Write a film with what would be made of it drawn in: who is found, who is one person, who sells, who is served."""
    from vitrina.sellers.evidence.trying import tried  # noqa: PLC0415  # takes seconds to load
    from vitrina.sellers.evidence.wording import words  # noqa: PLC0415  # as above

    settings = Settings() if data is None else Settings(data=data)
    scene = tried(film, target, settings, translate=words(language), is_blurred=not unblurred)
    people = 0 if scene.people is None else scene.people.height
    talks = 0 if scene.interactions is None else scene.interactions.height
    console.print(f"{target}: {scene.detections.height} boxes, {people} people, {talks} interactions.", markup=False)
