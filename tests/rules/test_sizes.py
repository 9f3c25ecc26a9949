"""Sizes of what a sender writes."""

from dataclasses import replace

import pytest

from tests.rules.broken import STRICT, Broken
from tests.samples.builders import (
    author,
    code,
    document_entry,
    facts,
    submission,
    submission_set,
    text,
)
from xds.model import Classification, ExternalIdentifier, Slot, Submission
from xds.rules import REGISTRATION, RulePolicy, check

LONG = "x" * 4_097


def entry(**changes: object) -> Submission:
    return submission(document_entry(**changes))


def extra(name: str, *values: str) -> Submission:
    return entry(extra_slots=(Slot(name=name, values=values),))


def only_set(**changes: object) -> Submission:
    return replace(submission(), submission_sets=(submission_set(**changes),))


BROKEN = [
    Broken(
        rule="42-slot-name-length",
        submission=submission(
            document_entry(extra_slots=(Slot(name="urn:oid:2.999:" + "n" * 300, values=("1",)),))
        ),
        policy=STRICT,
        location="Document01 'urn:oid:2.999:" + "n" * 66 + "…'",
    ),
    Broken(
        rule="42-value-limits",
        submission=extra("urn:oid:2.999.8", "x" * 4_097),
        location="Document01 'urn:oid:2.999.8'",
        says="A value has 4097 characters, at most 4096 are taken",
    ),
    Broken(
        rule="42-value-limits",
        submission=extra("urn:oid:2.999.8", *["x"] * 1_001),
        location="Document01 'urn:oid:2.999.8'",
        says="1001 values found, at most 1000 are taken",
    ),
    Broken(
        rule="42-value-length-256",
        submission=extra("urn:oid:2.999.8", "x" * 257),
        policy=STRICT,
        location="Document01 'urn:oid:2.999.8'",
    ),
    Broken(
        rule="42-title-length",
        submission=submission(document_entry(title=text("x" * 128))),
        policy=STRICT,
        location="Document01 title",
    ),
    Broken(
        rule="42-title-length",
        submission=only_set(title=text("x" * 256)),
        policy=STRICT,
        location="SubmissionSet01 title",
    ),
    Broken(
        rule="42-value-limits",
        submission=entry(extra_identifiers=(ExternalIdentifier(scheme="urn:uuid:x", value=LONG),)),
        location="Document01 'urn:uuid:x'",
    ),
    Broken(
        rule="42-value-limits",
        submission=entry(extra_classifications=(Classification(scheme="s", node_representation=LONG),)),
        location="Document01 Classification",
    ),
    Broken(
        rule="42-value-limits",
        submission=entry(authors=(author(extra_slots=(Slot(name="authorSpeciality", values=(LONG,)),)),)),
        location="Document01 'authorSpeciality'",
    ),
    Broken(
        rule="42-value-limits",
        submission=entry(
            class_code=replace(code("A", "2.999.1"), extra_slots=(Slot(name="version", values=(LONG,)),))
        ),
        location="Document01 classCode 'version'",
    ),
    Broken(
        rule="42-value-limits",
        submission=entry(comments=text(LONG)),
        location="Document01 comments",
        says="A text has 4097 characters, at most 4096 are taken",
    ),
    Broken(
        rule="42-key-length",
        submission=entry(unique_id="x" * 257),
        location="Document01 uniqueId",
    ),
    Broken(
        rule="42-key-length",
        submission=entry(event_codes=(code("x" * 257, "2.999.1"),)),
        location="Document01 eventCodeList",
    ),
    Broken(
        rule="42-text-length-1024",
        submission=entry(comments=text("x" * 1_025)),
        policy=STRICT,
        location="Document01 comments",
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.rule)
def test_rule(broken: Broken) -> None:
    broken.assert_found()


@pytest.mark.parametrize(
    "accepted",
    [
        extra("urn:oid:2.999.8", LONG[1:]),
        extra("urn:oid:2.999.8", *["x"] * 1_000),
        entry(comments=text(LONG[1:])),
        entry(unique_id="x" * 256),
    ],
)
def test_the_limit_itself_is_taken(accepted: Submission) -> None:
    assert check(REGISTRATION, accepted, facts(), RulePolicy()) == []
