"""Work on films of 1080 lines, one part per process: `python -m benchmarks.sellers_speed_load PART FOLDER …`."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import polars as pl

from benchmarks.sellers_speed_films import FPS, film, spells
from vitrina.sellers.box_matching import on_frames
from vitrina.sellers.mot import CORNERS


def main(part: str, folder: Path, *arguments: str) -> None:
    """Run one part and print what it took as a line of JSON."""
    parts: dict[str, Callable[..., dict[str, Any]]] = {"film": film, "evaluate": evaluate, "skip": skip, "track": track}
    told = parts[part](folder, *arguments)
    told["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps(told))


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


def skip(_: Path) -> dict[str, Any]:
    """What passing over still frames saves, and whom it misses: people found of those who are there, with it and without."""
    from benchmarks.sellers_quality_days import Sampled, models, true_boxes  # noqa: PLC0415  # heavy, and films do not need it
    from simulation import shop_truth  # noqa: PLC0415  # as above
    from vitrina.sellers.detecting import all_rows, detections  # noqa: PLC0415  # as above
    from vitrina.sellers.motion import ChangeTest  # noqa: PLC0415  # as above

    frames = list(spells())
    truth = true_boxes(shop_truth.boxes_of((float(number), frame) for number, frame in enumerate(frames)))
    samples = [Sampled(number, float(number), frame.image) for number, frame in enumerate(frames)]
    runs = [list(detections(samples, "v", models(), still=still)) for still in (None, ChangeTest())]
    every, kept = (_right(truth, all_rows(run)) for run in runs)
    return {
        "samples": len(samples),
        "skipped": sum(len(part.skipped) for part in runs[1]),
        "people": truth.filter(~pl.col("ignored")).height,
        "found": every,
        "found_with_skips": kept,
    }


def _right(truth: pl.DataFrame, said: pl.DataFrame) -> int:
    """How many of those who can be seen were found."""
    boxes = said.select((pl.col("sample") + 1).alias("frame"), *CORNERS)
    counts = ~truth["ignored"].to_numpy()
    return sum(int(counts[frame.matched()[0]].sum()) for frame in on_frames(truth, boxes))


def track(folder: Path, name: str, gop_s: str, frames: str, people: str) -> dict[str, Any]:
    """Ultralytics' own tracking of every 25th frame on torch, with YOLOv8n at 640 pixels; untaught, for what it costs."""
    from vitrina.sellers.weights import prepare_ultralytics  # noqa: PLC0415  # must come before ultralytics

    prepare_ultralytics()
    import torch  # noqa: PLC0415  # heavy
    from ultralytics import YOLO  # type: ignore[attr-defined]  # noqa: PLC0415  # exports lazily; heavy

    torch.set_num_threads(os.cpu_count() or 1)
    model = YOLO("yolov8n.yaml")
    path = folder / f"{name}-{gop_s}.mp4"
    with av.open(str(path)) as film:
        image = next(film.decode(video=0)).to_ndarray(format="bgr24")
    # as many boxes as there are people, else its tracker has nothing to do
    first: Any = model.predict(image, conf=1e-9, max_det=int(people), imgsz=640, device="cpu", verbose=False)
    sure = first[0].boxes.conf.min().item()
    began, seen = time.perf_counter(), 0
    tracked = model.track(
        str(path), stream=True, vid_stride=FPS, conf=sure, max_det=int(people), imgsz=640, device="cpu", verbose=False, save=False
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


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
