"""The rules of ITI-44 at the Document Registry, in the order in which they are run and reported.

What depends on what the registry holds, whether an id is known or was subsumed, is the store's to find.
"""

from typing import Final

from xds.model import InstanceIdentifier, PatientFeed, PatientIdentifier, XdsError
from xds.rules import feed_patients, feed_wrappers
from xds.rules.feed_case import FeedCase
from xds.rules.rule import Rule, RulePolicy, run

PATIENT_FEED: Final[tuple[Rule[FeedCase], ...]] = (*feed_wrappers.BOOK.rules, *feed_patients.BOOK.rules)


def check_patient_feed(feed: PatientFeed, policy: RulePolicy) -> list[XdsError]:
    """Judge a message and return every finding; locations are XPaths from the message's element on."""
    root = f"/{feed.interaction}"
    return [
        type(item)(item.context, location=f"{root}/{item.location}", severity=item.severity, rule=item.rule)
        for item in run(PATIENT_FEED, FeedCase(feed, policy), policy)
    ]


def fed_patient(feed: PatientFeed, policy: RulePolicy) -> PatientIdentifier:
    """The patient id of a message in which `check_patient_feed` found no error."""
    return _sound(FeedCase(feed, policy).domain_ids)


def subsumed_patient(feed: PatientFeed, policy: RulePolicy) -> PatientIdentifier:
    """The id that a merge subsumes; of a message in which `check_patient_feed` found no error."""
    return _sound(FeedCase(feed, policy).subsumed_ids)


def _sound(ids: tuple[InstanceIdentifier, ...]) -> PatientIdentifier:
    found = ids[0].as_patient_id()
    assert found is not None  # noqa: S101  # 44-id-form always counts
    return found
