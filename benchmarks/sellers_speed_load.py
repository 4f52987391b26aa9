"""Films of 1080 lines and the work on them, one part per process: `python -m benchmarks.sellers_speed_load PART FOLDER …`.

A segment is painted five times a second and gets a sensor's noise on each of its 25 frames, so that it takes as many bits as a
camera's; longer films repeat its packets, which costs the decoder as much as any others.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import polars as pl

from simulation.shop import ShopDay, ShopExtent, simulate_day
from simulation.shop_picture import Renderer

FPS = 25
PAINTED = 5
SIZE = (1920, 1080)
BIT_RATE = 3_000_000
SEGMENT_S = 120.0
NOISE = 4
"""Standard deviation of the sensor's noise, of 255."""

BUSY = ShopExtent(open_s=1_800, width=SIZE[0], height=SIZE[1], fps=FPS, arrivals_per_hour=260)
USUAL = ShopExtent(open_s=1_800, width=SIZE[0], height=SIZE[1], fps=FPS, arrivals_per_hour=10)


def main(part: str, folder: Path, *arguments: str) -> None:
    """Run one part and print what it took as a line of JSON."""
    parts: dict[str, Callable[..., dict[str, Any]]] = {"film": film, "evaluate": evaluate, "skip": skip, "track": track}
    told = parts[part](folder, *arguments)
    told["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps(told))


def film(folder: Path, name: str, gop_s: str, repeats: str) -> dict[str, Any]:
    """Write a film of a busy or a usual floor below an inbox."""
    segment = folder / f"{name}-{gop_s}.mp4"
    images = _busy() if name == "busy" else _usual()
    _encode(segment, images, round(float(gop_s) * FPS))
    whole = folder / f"inbox-{name}-{gop_s}" / "sellers" / "videos" / "shop-1" / "hall" / "20261014T060000Z.mp4"
    whole.parent.mkdir(parents=True, exist_ok=True)
    _repeat(segment, whole, int(repeats))
    size, length = whole.stat().st_size, SEGMENT_S * int(repeats)
    return {"seconds": length, "mbit_per_s": size * 8 / length / 1e6}


def evaluate(folder: Path, name: str, gop_s: str) -> dict[str, Any]:
    """The whole way from the file to stored metrics, in the graph that users run; evidence is made after that."""
    import dagster as dg  # noqa: PLC0415  # heavy, and films do not need it

    from definitions import build_definitions  # noqa: PLC0415  # as above
    from resources.video_runs import look_at_inbox  # noqa: PLC0415  # as above
    from resources.warehouse import WarehouseResource  # noqa: PLC0415  # as above

    settings = {
        "data": str(folder / f"data-{name}-{gop_s}"),
        "inbox": str(folder / f"inbox-{name}-{gop_s}"),
        "sellers_settle_s": "0",
        **_networks(),
    }
    warehouse = WarehouseResource(overrides=settings)
    instance = dg.DagsterInstance.ephemeral()
    arrivals = look_at_inbox(instance, warehouse.settings, {})
    if arrivals.plan is None or len(arrivals.plan.run) != 1:
        sys.exit(f"one film was expected: {arrivals}")
    key = arrivals.plan.run[0].key
    job = build_definitions(settings).resolve_job_def("sellers_video")
    steps = [node.name for node in job.nodes if "evidence" not in node.name]
    began = time.perf_counter()
    result = job.execute_in_process(instance=instance, partition_key=key, op_selection=steps)
    took = time.perf_counter() - began
    if not result.success:
        sys.exit("the run failed")
    with warehouse.of("sellers").read() as connection:
        found = connection.execute(
            "SELECT count(*), (SELECT count(*) FROM footage_samples), (SELECT duration_s FROM video_files),"
            " (SELECT count(DISTINCT sample) FROM detections), (SELECT count(*) FROM seller_video_metrics) FROM detections"
        ).fetchall()[0]
    boxes, samples, length, with_people, metrics = found
    return {
        "took_s": took,
        "times_real_time": length / took,
        "people_per_sample": boxes / samples,
        "samples_with_people": with_people / samples,
        "metrics": metrics,
    }


def skip(folder: Path, name: str, gop_s: str) -> dict[str, Any]:
    """What passing over still frames saves, and whom it misses: people on all samples, against those on the samples looked at."""
    from vitrina.sellers.detecting import all_rows, detections  # noqa: PLC0415  # heavy
    from vitrina.sellers.footage import sampled  # noqa: PLC0415  # as above
    from vitrina.sellers.motion import ChangeTest  # noqa: PLC0415  # as above
    from vitrina.sellers.networks import networks  # noqa: PLC0415  # as above
    from vitrina.settings import Settings  # noqa: PLC0415  # as above

    settings = Settings.model_validate(Settings().model_dump(mode="json") | _networks())
    models = networks(settings)
    segment = folder / f"{name}-{gop_s}.mp4"
    runs = [
        list(detections(sampled(segment, 1.0, longest_px=settings.sellers_longest_px), "v", models, still=still))
        for still in (None, ChangeTest())
    ]
    every, kept = (all_rows(run) for run in runs)
    skipped = [number for part in runs[1] for number in part.skipped]
    missed = sum(_missing(every, kept, number) for number in skipped)
    samples = sum(len(part.samples) for part in runs[0])
    return {"samples": samples, "skipped": len(skipped), "people": every.height, "missed": missed}


def track(folder: Path, name: str, gop_s: str, frames: str) -> dict[str, Any]:
    """Ultralytics' own tracking of every 25th frame on torch, with YOLOv8n at 640 pixels; untrained, for what it costs."""
    from vitrina.sellers.weights import prepare_ultralytics  # noqa: PLC0415  # must come before ultralytics

    prepare_ultralytics()
    import torch  # noqa: PLC0415  # heavy
    from ultralytics import YOLO  # type: ignore[attr-defined]  # noqa: PLC0415  # exports lazily; heavy

    torch.set_num_threads(os.cpu_count() or 1)
    model = YOLO("yolov8n.yaml")
    began, seen = time.perf_counter(), 0
    tracked = model.track(
        str(folder / f"{name}-{gop_s}.mp4"), stream=True, vid_stride=FPS, verbose=False, imgsz=640, device="cpu", save=False
    )
    for _ in tracked:
        seen += 1
        if seen == int(frames):
            break
    took = time.perf_counter() - began
    return {"took_s": took, "times_real_time": seen / took}


def _networks() -> dict[str, str]:
    """Settings of the networks: real ones where they are, else those of the made-up shop."""
    real = os.environ.get("VITRINA_REAL_MODELS")
    if real:
        return {"models": real, "sellers_detector": "yolov8n", "sellers_appearance": "osnet_x0_25_msmt17.onnx"}
    return {"models": str(Path(__file__).parents[1] / "simulation" / "weights")}


def _missing(every: pl.DataFrame, kept: pl.DataFrame, sample: int) -> int:
    """People on a sample whom no box that was carried forward overlaps by half."""
    from vitrina.sellers.box_matching import overlaps_of  # noqa: PLC0415  # films do not need it

    columns = ["x1", "y1", "x2", "y2"]
    true, said = (rows.filter(pl.col("sample") == sample).select(columns).to_numpy() for rows in (every, kept))
    if not len(true):
        return 0
    if not len(said):
        return len(true)
    return int((overlaps_of(true, said).max(axis=1) < 0.5).sum())  # half


def _busy() -> Iterator[np.ndarray]:
    """Three to six people in every sample."""
    day = simulate_day(BUSY, 71)
    begin = _busiest(day, 3, 6)
    yield from _painted(day, begin, begin + SEGMENT_S)


def _usual() -> Iterator[np.ndarray]:
    """People in a third of the samples, and an empty floor in the others."""
    day = simulate_day(BUSY, 71)
    empty = replace(day, people=())
    begin = _busiest(day, 2, 6)
    for parts in ((empty, SEGMENT_S / 3), (day, SEGMENT_S / 3), (empty, SEGMENT_S / 3)):
        yield from _painted(parts[0], begin, begin + parts[1])


def _busiest(day: ShopDay, least: int, most: int) -> float:
    """The beginning of the stretch in which most seconds have so many people."""
    seconds = np.arange(0, int(day.length_s))
    wanted = np.array([least <= len(day.present(float(second))) <= most for second in seconds])
    shares = np.convolve(wanted, np.ones(int(SEGMENT_S)), mode="valid")
    return float(seconds[int(shares.argmax())])


def _painted(day: ShopDay, begin: float, end: float) -> Iterator[np.ndarray]:
    renderer = Renderer(day, *SIZE, jpeg=None)
    rng = np.random.default_rng(3)
    tile = np.clip(rng.normal(0, NOISE, (SIZE[1] + 64, SIZE[0] + 64, 1)), -127, 127).astype(np.int8).repeat(3, axis=2)
    for number in range(round((end - begin) * PAINTED)):
        image = renderer.frame(begin + number / PAINTED).image.astype(np.int16)
        for _ in range(FPS // PAINTED):
            down, across = rng.integers(0, 64, 2)
            noise = tile[down : down + SIZE[1], across : across + SIZE[0]]
            yield np.clip(image + noise, 0, 255).astype(np.uint8)


def _encode(path: Path, images: Iterator[np.ndarray], gop: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.gop_size = gop
        stream.time_base = Fraction(1, FPS)
        stream.bit_rate = BIT_RATE
        stream.options = {"preset": "veryfast", "sc_threshold": "0", "maxrate": str(BIT_RATE), "bufsize": str(2 * BIT_RATE)}
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _repeat(segment: Path, whole: Path, repeats: int) -> None:
    """The packets of a segment, again and again."""
    with av.open(str(whole), "w") as target:
        stream = None
        for time_round in range(repeats):
            with av.open(str(segment)) as source:
                own = source.streams.video[0]
                stream = stream or target.add_stream_from_template(own)
                shift = round(time_round * SEGMENT_S / (own.time_base or Fraction(1, FPS)))
                for packet in source.demux(own):
                    if packet.pts is None or packet.dts is None:
                        continue
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                    target.mux(packet)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
