"""The Imaging Document Source of a DI-r: reports from its HL7 v2 feed into a repository (docs/feed.md)."""

from xds.source.feed import Feed, FeedTaken
from xds.source.findings import Finding
from xds.source.life_cycle import Action, Published, Stage, Step, decide
from xds.source.oru import ExamReport, Reading, message_key, read_report
from xds.source.queue import Letter, Queue, State
from xds.source.settings import FeedSettings, Listener, Sender, load_feed_settings

__all__ = [
    "Action",
    "ExamReport",
    "Feed",
    "FeedSettings",
    "FeedTaken",
    "Finding",
    "Letter",
    "Listener",
    "Published",
    "Queue",
    "Reading",
    "Sender",
    "Stage",
    "State",
    "Step",
    "decide",
    "load_feed_settings",
    "message_key",
    "read_report",
]
