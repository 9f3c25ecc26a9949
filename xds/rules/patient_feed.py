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


def fed_patients(feed: PatientFeed, policy: RulePolicy) -> tuple[PatientIdentifier, ...]:
    """The patient ids of a message in which `check_patient_feed` found no error: one of each authority.

    More than one only in a domain that names no authority.
    """
    return _sound(FeedCase(feed, policy).domain_ids)


def merged_patients(feed: PatientFeed, policy: RulePolicy) -> tuple[PatientIdentifier, PatientIdentifier]:
    """The subsumed id and the surviving one of a merge in which `check_patient_feed` found no error."""
    (subsumed,) = _sound(FeedCase(feed, policy).subsumed_ids)
    authority = subsumed.assigning_authority
    (survivor,) = (item for item in fed_patients(feed, policy) if item.assigning_authority == authority)
    return subsumed, survivor


def _sound(ids: tuple[InstanceIdentifier, ...]) -> tuple[PatientIdentifier, ...]:
    """44-id-form always counts: each of these has the form of a patient id."""
    return tuple(found for item in ids if (found := item.as_patient_id()) is not None)
