"""Patient feeds over HL7 v2: ITI-8 and ITI-64."""

from xds.feeds.iti8 import EVENTS, PatientIdentityFeed
from xds.feeds.iti64 import EVENT as LINK_CHANGE
from xds.feeds.iti64 import LinkChangeFeed
from xds.feeds.receiver import Receiver

__all__ = ["EVENTS", "LINK_CHANGE", "LinkChangeFeed", "PatientIdentityFeed", "Receiver"]
