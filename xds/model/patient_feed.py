"""A Patient Identity Feed HL7 V3 message, and what is wrong with one (ITI TF-2 3.44, Appendices E and O)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from xds.model.data_types import PatientIdentifier, is_lenient_oid
from xds.model.errors import XdsError
from xds.model.patients import PatientName

INTERACTIONS_ROOT: Final = "2.16.840.1.113883.1.6"
"""interactionId/@root: HL7's registry of interactions (HL7 V3 NE 2008)."""
_SEPARATORS: Final = frozenset("^&|~")


class Interaction(StrEnum):
    """interactionId/@extension, which is the name of the message's root element too (3.44.4.1.2.3)."""

    ADDED = "PRPA_IN201301UV02"  # Patient Registry Record Added
    REVISED = "PRPA_IN201302UV02"  # Patient Registry Record Revised
    DUPLICATES_RESOLVED = "PRPA_IN201304UV02"  # Patient Registry Duplicates Resolved: a merge

    @property
    def trigger(self) -> str:
        """ControlActProcess.code of the interaction (Tables 3.44.4.1.2.3-1, 3.44.4.2.2.2-1)."""
        return self.value.replace("_IN", "_TE")


@dataclass(frozen=True, slots=True)
class InstanceIdentifier:
    """HL7 V3 II: an OID or UUID, and what it is the root of (ITI TF-2 E.2)."""

    root: str
    extension: str = ""

    def as_patient_id(self) -> PatientIdentifier | None:
        """The id as ``id^^^&oid&ISO`` says it; None where that form cannot carry it.

        >>> str(InstanceIdentifier("2.999.1", "P1").as_patient_id())
        'P1^^^&2.999.1&ISO'
        """
        extension = self.extension
        if not extension or not extension.isprintable() or _SEPARATORS & set(extension):
            return None
        if not is_lenient_oid(self.root):
            return None
        return PatientIdentifier(extension, self.root)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherIds:
    """OtherIDs: identifiers of others than the provider organization (3.44.4.1.2.1)."""

    ids: tuple[InstanceIdentifier, ...]
    organization: tuple[InstanceIdentifier, ...] = ()  # scopingOrganization/id


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFeed:
    """One message of ITI-44, as far as a Document Registry reads it; "" is what was not sent."""

    interaction: Interaction  # what the root element is
    interaction_id: InstanceIdentifier | None = None
    message_id: InstanceIdentifier | None = None  # id
    creation_time: str = ""
    processing_code: str = ""  # D, T or P
    processing_mode_code: str = ""
    accept_ack_code: str = ""
    receivers: tuple[tuple[InstanceIdentifier, ...], ...] = ()  # per receiver the ids of its device
    sender: tuple[InstanceIdentifier, ...] = ()
    trigger: str = ""  # controlActProcess/code/@code
    subjects: int = 1  # registrationEvents
    registration_status: str = ""
    patient_status: str = ""
    patient_ids: tuple[InstanceIdentifier, ...] = ()  # Patient.id
    other_ids: tuple[OtherIds, ...] = ()
    provider: tuple[InstanceIdentifier, ...] = ()  # providerOrganization/id
    names: tuple[PatientName, ...] = ()
    birth_time: str = ""  # as sent: YYYYMMDD…
    gender: str = ""  # administrativeGenderCode: M, F, UN
    replacements: int = 0  # replacementOf
    prior_status: str = ""  # priorRegistration/statusCode
    prior_ids: tuple[InstanceIdentifier, ...] = ()  # priorRegisteredRole.id: what is subsumed


class FeedError(XdsError):
    """The base of what an acknowledgement says in an acknowledgementDetail: one class per HL7 V3 code."""

    code: ClassVar[str] = ""
    rejects: ClassVar[bool] = False
    """CR rather than CE: the message is not for this receiver, whatever it says (Table O.1.2-1)."""


class UnsupportedInteraction(FeedError):
    """The interaction is another one than the receiver was asked for."""

    code = "NS200"  # AcknowledgementDetailCode
    rejects = True


class UnsupportedProcessingMode(FeedError):
    """processingModeCode or processingCode asks for what is not done here."""

    code = "NS250"  # AcknowledgementDetailCode


class UnknownDestination(FeedError):
    """The receiver that the message names is not this one."""

    code = "RTUDEST"  # AcknowledgementDetailCode
    rejects = True


class RequiredAttributeMissing(FeedError):
    """Something that the message has to say is not there."""

    code = "SYN101"  # AcknowledgementDetailCode


class DataTypeError(FeedError):
    """A value has not the form of its data type."""

    code = "SYN102"  # AcknowledgementDetailCode


class ValueNotInCodeSystem(FeedError):
    """A code is none of those that stand there."""

    code = "SYN103"  # AcknowledgementDetailCode


class WrongNumber(FeedError):
    """Something is not there as often as it has to be: once."""

    code = "SYN110"  # AcknowledgementDetailCode


class UnknownKeyIdentifier(FeedError):
    """A patient identifier that is not known here, or not any more."""

    code = "KEY204"  # ActCode, ActDetectedIssue


class BusinessRuleViolation(FeedError):
    """What the message asks for must not be done."""

    code = "BUS"  # ActCode, ActDetectedIssue


class InternalSystemError(FeedError):
    """It could not be done now; the same message may be sent again later."""

    code = "INTERR"  # AcknowledgementDetailCode


def feed_error_class(code: str) -> type[FeedError]:
    """The class of a code; `FeedError` for one that we never send."""
    return _BY_CODE.get(code, FeedError)


_BY_CODE = {cls.code: cls for cls in FeedError.__subclasses__()}
