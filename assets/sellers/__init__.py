"""How well do the sellers on camera serve the customers? From a video in the inbox to numbers, evidence and reports."""

from assets.sellers.checks import CHECKS
from assets.sellers.days import days_of_stores, metric_deviations, video_deliveries
from assets.sellers.evidence import evidence_files
from assets.sellers.footage import people_on_frames, sellers_inbox, video_files
from assets.sellers.judgement import stride_quality
from assets.sellers.people import interactions, people_by_role, seller_video_metrics, tracks_of_people
from assets.sellers.upkeep import day_reports, deleted_files, footage_drift, replay_differences

FROM_DETECTIONS = (video_files, tracks_of_people, people_by_role, interactions, seller_video_metrics, evidence_files)
"""What is computed of a video from what is stored of it."""

OF_A_VIDEO = (*FROM_DETECTIONS, people_on_frames)
"""What is computed of a new video."""

BY_HAND = (replay_differences, stride_quality)
"""What people start themselves."""

ASSETS = (
    sellers_inbox,
    *OF_A_VIDEO,
    video_deliveries,
    days_of_stores,
    metric_deviations,
    footage_drift,
    day_reports,
    deleted_files,
    *BY_HAND,
)

__all__ = ["ASSETS", "BY_HAND", "CHECKS", "FROM_DETECTIONS", "OF_A_VIDEO", "replay_differences", "sellers_inbox", "stride_quality"]
