"""Durable jobs and schedules in the database that is there; what a job does is said by the room that brings it."""

from core.jobs.forgetting import FORGET
from core.jobs.model import OPEN, Job, JobCancelled, JobKind, JobLost, JobState, Kinds, State
from core.jobs.queue import Bell, Jobs
from core.jobs.worker import Worker

__all__ = [
    "FORGET", "OPEN", "Bell", "Job", "JobCancelled", "JobKind", "JobLost", "JobState", "Jobs", "Kinds", "State",
    "Worker",
]  # fmt: skip
