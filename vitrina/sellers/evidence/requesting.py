"""Evidence for a video as the settings ask for it: with clips while the file is there, and without where it is gone."""

from __future__ import annotations

import datetime as dt

import polars as pl

from vitrina.sellers.evaluation import Video
from vitrina.sellers.evidence.clips import CONFIDENCE
from vitrina.sellers.evidence.making import Source, Told, evidence_of
from vitrina.sellers.networks import networks
from vitrina.sellers.sources import VideoGoneError, file_of
from vitrina.sellers.video_ledger import VideoRecord
from vitrina.settings import Settings


def made_for(record: VideoRecord, video: Video, told: Told, settings: Settings) -> pl.DataFrame:
    """Rows of `EvidenceFiles` of a video.

    Parameters
    ----------
    record
        The file.
    video, told
        As of `vitrina.sellers.evidence.making.evidence_of`.
    settings
        What is wanted.
    """
    expires_at = record.recorded_at + dt.timedelta(days=settings.sellers_retention_days)
    wanted = settings.sellers_clips and told.interactions.height
    if wanted:
        try:
            with file_of(record, settings) as path:
                source = Source(path, networks(settings, confidence=CONFIDENCE, picture=video.size).detector)
                return evidence_of(video, told, settings, source=source, expires_at=expires_at)
        except VideoGoneError:
            # what was found stands, and pictures need no video
            pass
    return evidence_of(video, told, settings, source=None, expires_at=expires_at)
