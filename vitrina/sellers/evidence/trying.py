"""A film with what would be made of it, without a graph, a camera that somebody described, or a roster: to try it out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from vitrina.i18n import Translate
from vitrina.sellers.cameras import Camera
from vitrina.sellers.evaluation import Video, follow, look_at, name_people, serve
from vitrina.sellers.evidence.annotated import Scene, annotate
from vitrina.sellers.evidence.clips import CONFIDENCE
from vitrina.sellers.footage import sampled
from vitrina.sellers.networks import in_force, networks
from vitrina.sellers.receipts import RECEIPTS_SCHEMA
from vitrina.sellers.roster import PROTOTYPES_SCHEMA
from vitrina.sellers.shifts import SHIFTS_SCHEMA
from vitrina.sellers.video_facts import probe
from vitrina.settings import Settings

SOMEWHERE = "film"
BEGIN = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def tried(film: Path, target: Path, settings: Settings, *, translate: Translate = str, is_blurred: bool = True) -> Scene:
    """Evaluate a film, and write it with boxes, tracks, roles and interactions drawn in.

    Parameters
    ----------
    film
        The file.
    target
        The video to be written; it takes its name when it is complete.
    settings
        For the networks, the step and the parameters.
    translate
        From the English text to the reader's.
    is_blurred
        Whether heads are made unrecognisable.

    Returns
    -------
    Scene
        What was drawn.

    Raises
    ------
    UnreadableVideoError
        No frame can be had from the file.
    WeightsError
        Weights are missing, or cannot be used.
    EvidenceError
        The video cannot be written.
    """
    facts, parameters = probe(film), in_force(settings)
    size = (facts.width, facts.height)
    key = f"{SOMEWHERE}|{SOMEWHERE}|{BEGIN:%Y%m%dT%H%M%SZ}|00000000"
    video = Video(key, SOMEWHERE, BEGIN, facts.duration_s, size, Camera(SOMEWHERE, SOMEWHERE))
    looked = look_at(
        film,
        facts,
        video,
        networks(settings, picture=size),
        parameters=parameters,
        step_s=settings.sellers_step_s,
        longest_px=settings.sellers_longest_px,
        skip_still=settings.sellers_skip_still,
        threads=settings.sellers_threads,
    )
    tracks, places = follow(looked.detections, looked.samples, video, parameters)
    nothing, nobody, unsold = (pl.DataFrame(schema=each) for each in (SHIFTS_SCHEMA, PROTOTYPES_SCHEMA, RECEIPTS_SCHEMA))
    people, _ = name_people(tracks, places, video, shifts=nothing, prototypes=nobody, parameters=parameters)
    met = serve(tracks, places, people, video=video, receipts=unsold, parameters=parameters)
    scene = Scene(looked.detections, places, tracks, people, met)
    footage = sampled(film, settings.sellers_step_s, facts=facts, longest_px=settings.sellers_longest_px)
    finder = networks(settings, confidence=CONFIDENCE, picture=size).detector
    annotate(footage, scene, target, translate=translate, is_blurred=is_blurred, detector=finder if is_blurred else None)
    return scene
