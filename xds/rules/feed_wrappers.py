"""Rules of ITI-44 on the wrappers of a message (ITI TF-2 Tables 3.44.4.1.2.3-1, 3.44.4.2.2.2-1, Appendix O)."""

from collections.abc import Iterator
from typing import Final

from xds.model import (
    BusinessRuleViolation,
    DataTypeError,
    RequiredAttributeMissing,
    UnknownDestination,
    UnsupportedInteraction,
    UnsupportedProcessingMode,
    ValueNotInCodeSystem,
    WrongNumber,
    is_oid,
)
from xds.rules.feed_case import EVENT, PATIENT, FeedCase
from xds.rules.rule import Found, RuleBook
from xds.rules.wording import quoted

BOOK: Final[RuleBook[FeedCase]] = RuleBook("ITI TF-2 3.44.4.1.2.3", ("ITI-44",))


@BOOK.rule(
    "44-interaction",
    error=UnsupportedInteraction,
    title="interactionId names the interaction that the message's element and wsa:Action are of.",
    remedy="Send interactionId, wsa:Action and element of one interaction",
    essential=True,
)
def interaction(case: FeedCase) -> Iterator[Found]:
    """The extension; its root is HL7's own (3.44.4.1.2.3, 3.44.4.2.2.3)."""
    found = case.feed.interaction_id
    if found is None or found.extension != case.feed.interaction:
        shown = "is missing" if found is None else f"is {quoted(found.extension)}"
        yield "interactionId", f"interactionId {shown} in a {case.feed.interaction}"


@BOOK.rule(
    "44-message-id",
    error=RequiredAttributeMissing,
    section="ITI TF-2 Table O.1.1-1",
    title="The message has an id.",
    remedy="Send an id that no other message has: the acknowledgement and a repeat refer to it",
)
def message_id(case: FeedCase) -> Iterator[Found]:
    """Its root is a UUID, or an OID below which the extension is unique."""
    if case.feed.message_id is None or not case.feed.message_id.root:
        yield "id", "The id of the message, or its root, is missing"


@BOOK.rule(
    "44-creation-time",
    error=RequiredAttributeMissing,
    section="ITI TF-2 Table O.1.1-1",
    title="The message says when it was made.",
    remedy="Send creationTime with a value",
    strict_only=True,
)
def creation_time(case: FeedCase) -> Iterator[Found]:
    """Not to be mixed up with the time of the event."""
    if not case.feed.creation_time:
        yield "creationTime", "creationTime has no value"


@BOOK.rule(
    "44-processing-mode",
    error=UnsupportedProcessingMode,
    title="processingModeCode is T, and processingCode is D, T or P.",
    remedy="Send processingModeCode T, and processingCode P from a productive system",
    strict_only=True,
)
def processing_mode(case: FeedCase) -> Iterator[Found]:
    """Tables 3.44.4.1.2.3-1 and O.1.1-1."""
    if case.feed.processing_mode_code != "T":
        yield "processingModeCode", f"processingModeCode is {quoted(case.feed.processing_mode_code)}"
    if case.feed.processing_code not in ("D", "T", "P"):
        yield "processingCode", f"processingCode is {quoted(case.feed.processing_code)}"


@BOOK.rule(
    "44-accept-ack",
    error=ValueNotInCodeSystem,
    title="acceptAckCode is AL: every message is acknowledged.",
    remedy="Send acceptAckCode AL",
    strict_only=True,
)
def accept_ack(case: FeedCase) -> Iterator[Found]:
    """In SOAP the answer comes whatever the code is."""
    if case.feed.accept_ack_code != "AL":
        yield "acceptAckCode", f"acceptAckCode is {quoted(case.feed.accept_ack_code)}"


@BOOK.rule(
    "44-receiver",
    error=UnknownDestination,
    section="ITI TF-2 Table O.1.1-1",
    title="The receiver that the message names is this registry, where the registry has a device id.",
    remedy="Send the OID of this registry as id of the receiver's device, or mend the address",
)
def receiver(case: FeedCase) -> Iterator[Found]:
    """A message with no receiver is judged by `one_receiver`."""
    own, named = case.policy.device_id, [item for ids in case.feed.receivers for item in ids]
    if own is not None and named and all(item.root != own for item in named):
        roots = ", ".join(dict.fromkeys(quoted(item.root) for item in named))
        yield "receiver/device/id", f"The message is for {roots}; this registry is {own}"


@BOOK.rule(
    "44-one-receiver",
    error=WrongNumber,
    title="There is one receiver.",
    remedy="Send a message to each receiver by itself",
    strict_only=True,
)
def one_receiver(case: FeedCase) -> Iterator[Found]:
    """Table 3.44.4.1.2.3-1."""
    if len(case.feed.receivers) != 1:
        yield "receiver", f"The message names {len(case.feed.receivers)} receivers"


@BOOK.rule(
    "44-device-id",
    error=DataTypeError,
    section="ITI TF-2 Table O.1.1-1",
    title="Sender and receiver are devices whose id is an OID alone.",
    remedy="Send the OID as root, and no extension",
    strict_only=True,
)
def device_id(case: FeedCase) -> Iterator[Found]:
    """The restriction of Appendix O."""
    for name, ids in (("sender", case.feed.sender), *(("receiver", ids) for ids in case.feed.receivers)):
        if not ids:
            yield f"{name}/device/id", f"The device of the {name} has no id"
        for item in ids:
            if not is_oid(item.root) or item.extension:
                yield f"{name}/device/id", f"The id of the {name}'s device is not an OID alone"


@BOOK.rule(
    "44-trigger",
    error=ValueNotInCodeSystem,
    title="controlActProcess/code is the trigger event of the interaction.",
    remedy="Send PRPA_TE201301UV02, PRPA_TE201302UV02 or PRPA_TE201304UV02, as goes with the interaction",
    strict_only=True,
)
def trigger(case: FeedCase) -> Iterator[Found]:
    """Tables 3.44.4.1.2.3-1 and 3.44.4.2.2.2-1."""
    wanted = case.feed.interaction.trigger
    if case.feed.trigger != wanted:
        yield "controlActProcess/code", f"The trigger is {quoted(case.feed.trigger)}, not {wanted}"


@BOOK.rule(
    "44-one-patient",
    error=WrongNumber,
    section="ITI TF-2 3.44.4.1.2.2",
    title="A message is about one patient.",
    remedy="Send one message for each patient, with one subject and one registrationEvent",
    essential=True,
)
def one_patient(case: FeedCase) -> Iterator[Found]:
    """Of several, all or nothing could be told by one acknowledgement only badly."""
    if case.feed.subjects != 1:
        yield EVENT, f"The message has {case.feed.subjects} registrationEvents"


@BOOK.rule(
    "44-active",
    error=ValueNotInCodeSystem,
    title="The registration and the patient are active.",
    remedy="Send statusCode active: another state cannot be fed",
)
def active(case: FeedCase) -> Iterator[Found]:
    """A status that is not sent is a fault in `strict` only; one that is not active would be overlooked."""
    for where, status in ((EVENT, case.feed.registration_status), (PATIENT, case.feed.patient_status)):
        if status != "active" and (status or case.policy.strictness == "strict"):
            yield f"{where}/statusCode", f"statusCode is {quoted(status)}"


@BOOK.rule(
    "44-no-replacement",
    error=BusinessRuleViolation,
    title="A record that is added or revised replaces no other.",
    remedy="Leave replacementOf out, or send PRPA_IN201304UV02",
    essential=True,
)
def no_replacement(case: FeedCase) -> Iterator[Found]:
    """Passed over, a merge would be lost."""
    if not case.is_merge and case.feed.replacements:
        yield f"{EVENT}/replacementOf", f"replacementOf stands in a {case.feed.interaction}"
