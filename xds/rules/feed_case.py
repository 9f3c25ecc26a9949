"""One patient identity feed before the rules (ITI TF-2 3.44)."""

import re
from dataclasses import dataclass
from typing import Final

from xds.model import InstanceIdentifier, Interaction, PatientFeed, is_dtm
from xds.rules.rule import RulePolicy

EVENT: Final = "controlActProcess/subject/registrationEvent"
PATIENT: Final = f"{EVENT}/subject1/patient"
PRIOR: Final = f"{EVENT}/replacementOf/priorRegistration"
PRIOR_ID: Final = f"{PRIOR}/subject1/priorRegisteredRole/id"
_TS: Final = re.compile(r"(\d{4,8})|(\d{10,14})(?:\.\d+)?(?:[+-]\d{1,4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class FeedCase:
    """What a rule of ITI-44 looks at."""

    feed: PatientFeed
    policy: RulePolicy

    @property
    def is_merge(self) -> bool:
        """Whether the message resolves duplicates."""
        return self.feed.interaction is Interaction.DUPLICATES_RESOLVED

    @property
    def domain_ids(self) -> tuple[InstanceIdentifier, ...]:
        """The patient's ids of the affinity domain, each once (3.44.4.1.4).

        Patient.id has them; a source whose own ids are others sends the domain's among OtherIDs. A domain that
        names no authority takes whatever authorities Patient.id is of.
        """
        authority, feed = self.policy.patient_authority, self.feed
        if authority is None:
            return tuple(dict.fromkeys(feed.patient_ids))
        others = [item for other in feed.other_ids for item in other.ids]
        for ids in (feed.patient_ids, others):
            if found := dict.fromkeys(item for item in ids if item.root == authority):
                return tuple(found)
        return ()

    @property
    def subsumed_ids(self) -> tuple[InstanceIdentifier, ...]:
        """What a merge subsumes, each id once."""
        return tuple(dict.fromkeys(self.feed.prior_ids))


def birth_date(birth_time: str) -> str | None:
    """The DTM that a birthTime says, without fractions and zone; None when it says none.

    >>> birth_date("19800229"), birth_date("198002291530+0100"), birth_date("29/02/1980")
    ('19800229', '198002291530', None)
    """
    match = _TS.fullmatch(birth_time)
    digits = "" if match is None else match[1] or match[2]
    return digits if is_dtm(digits) else None
