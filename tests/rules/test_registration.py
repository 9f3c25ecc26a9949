"""The rules of ITI-42 as a whole; each topic has a module of its own."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from tests.samples.builders import (
    document_entry,
    facts,
    folder,
    foldered,
    relating,
    submission,
    submission_set,
)
from tests.samples.strategies import submissions
from tests.samples.valid import valid_submissions
from xds.ebxml.submission import SUBMIT_OBJECTS_REQUEST, decode_submission, encode_submission
from xds.model import AssociationType, RegistryFacts, Severity, Submission, has_error
from xds.rules import REGISTRATION, RulePolicy, check, wrong_levels
from xds.xml import parse

MESSAGES = Path(__file__).parents[1] / "samples" / "messages"
FIELD, STRICT = RulePolicy(), RulePolicy(strictness="strict")


@pytest.mark.parametrize("policy", [FIELD, STRICT], ids=["field", "strict"])
@pytest.mark.parametrize(
    "valid",
    [
        submission(),
        submission(document_entry(1), document_entry(2)),
        foldered(),
        relating(AssociationType.RPLC),
        relating(AssociationType.APND),
    ],
    ids=["report", "two-reports", "folder", "replacement", "addendum"],
)
def test_the_samples_are_valid(valid: Submission, policy: RulePolicy) -> None:
    assert check(REGISTRATION, valid, facts(), policy) == []


def test_what_test_tools_send_is_no_error_in_strict() -> None:
    """Public test tools make OIDs of addresses, date Folders to the day and send an old form of URI."""
    base = foldered()
    sent = replace(
        base,
        submission_sets=(submission_set(source_id="129.999.58.1"),),
        document_entries=(document_entry(uri="1|http://lakeview.example/a file.txt"),),
        folders=(folder(last_update_time="20041224"),),
    )
    found = check(REGISTRATION, sent, facts(), STRICT)
    assert {finding.rule for finding in found} == {"42-oid-root", "42-uri", "42-last-update-time"}
    assert not has_error(found)
    assert check(REGISTRATION, sent, facts(), FIELD) == []


def test_every_finding_is_reported_at_once() -> None:
    wrong = document_entry(hash=None, creation_time="2024-03-11", patient_id="P1001", language_code="en_CA")
    found = {finding.rule for finding in check(REGISTRATION, submission(wrong), facts(), FIELD)}
    assert found == {"42-entry-hash-required", "42-time", "42-patient-id-form", "42-language-code"}


def test_an_empty_submission_is_judged_without_a_submission_set() -> None:
    found = [finding.rule for finding in check(REGISTRATION, Submission(), facts(), FIELD)]
    assert found == ["42-one-submission-set", "42-content"]


@pytest.mark.parametrize("policy", [FIELD, STRICT], ids=["field", "strict"])
@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(odd=submissions())
def test_no_submission_makes_a_rule_fail(odd: Submission, policy: RulePolicy) -> None:
    for finding in check(REGISTRATION, odd, facts(), policy):
        assert finding.rule
        assert finding.location
        assert finding.context


@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(drawn=valid_submissions())
def test_what_keeps_the_standard_is_not_found(drawn: tuple[Submission, RegistryFacts]) -> None:
    """Nor is it after a walk over the wire, where decoders look too."""
    sent, known = drawn
    assert check(REGISTRATION, sent, known, STRICT) == []
    received, decoded = decode_submission(parse(encode_submission(sent)))
    assert decoded == ()
    assert check(REGISTRATION, received, known, STRICT) == []


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(odd=submissions())
def test_strict_finds_whatever_field_finds(odd: Submission) -> None:
    in_field = check(REGISTRATION, odd, facts(), FIELD)
    in_strict = check(REGISTRATION, odd, facts(), STRICT)
    assert set(in_field) <= set(in_strict)


def test_findings_say_what_was_found_and_how_to_mend_it() -> None:
    wrong = submission(document_entry(hash="L9ThxnotKPzthJ7hu3bnORuT6xI="))
    (finding,) = check(REGISTRATION, wrong, facts(), FIELD)
    assert finding.code == "XDSRegistryMetadataError"
    assert finding.location == "Document01 hash"
    assert finding.context == (
        "'L9ThxnotKPzthJ7hu3bnORuT6xI=' is no SHA-1; it looks like base64. hash must be 40 hex digits"
    )


def test_no_finding_repeats_a_name() -> None:
    person = "40019^Confidential^Person"
    wrong = replace(
        document_entry(),
        source_patient_info=("PID-5|Confidential^Person", "PID-7|1", "PID-7|2", "Confidential"),
        legal_authenticator=person * 300,
        title=(replace(document_entry().title[0], value="Confidential " * 30),),
        patient_id="Confidential^Person",
    )
    findings = check(REGISTRATION, submission(wrong), facts(), STRICT)
    assert len(findings) >= 5
    assert not [finding for finding in findings if "Confidential" in finding.context]


def test_a_level_lowers_a_rule_or_raises_one() -> None:
    wrong = submission(document_entry(language_code="en_CA", source_patient_id=None))
    levels = RulePolicy(levels={"42-language-code": "warning", "42-entry-sourcePatientId-required": "error"})
    assert {finding.rule: finding.severity for finding in check(REGISTRATION, wrong, facts(), levels)} == {
        "42-language-code": Severity.WARNING,
        "42-entry-sourcePatientId-required": Severity.ERROR,
    }
    assert check(REGISTRATION, wrong, facts(), RulePolicy(levels={"42-language-code": "off"})) == []


def test_an_essential_rule_cannot_be_lowered() -> None:
    two = replace(submission(), submission_sets=(submission_set(), submission_set(entry_uuid="S2")))
    off = RulePolicy(levels={"42-one-submission-set": "off"})
    assert "42-one-submission-set" in {finding.rule for finding in check(REGISTRATION, two, facts(), off)}
    assert wrong_levels(REGISTRATION, off.levels) == [
        "rule 42-one-submission-set cannot be set to off: it always counts"
    ]
    assert wrong_levels(REGISTRATION, {"none": "off", "42-codes": "off"}) == ["there is no rule none"]
    assert wrong_levels(REGISTRATION, {"42-lanuage-code": "off"}) == [
        "there is no rule 42-lanuage-code; did you mean 42-language-code?"
    ]


def test_beyond_the_limit_findings_are_not_listed() -> None:
    many = submission(*[document_entry(number, language_code="en_CA") for number in range(1, 20)])
    findings = check(REGISTRATION, many, facts(), RulePolicy(max_findings=5))
    assert len(findings) == 6
    assert findings[-1].context.startswith("There are more findings than are listed")


def test_rules_have_ids_of_their_own_and_say_how_to_mend() -> None:
    assert len({rule.id for rule in REGISTRATION}) == len(REGISTRATION)
    for rule in REGISTRATION:
        assert rule.id.startswith("42-" if rule.profile == "ihe" else f"{rule.profile}-")
        assert rule.section
        assert rule.title.endswith(".")
        assert not rule.remedy.endswith(".")
        assert "ITI-42" in rule.transactions
        assert not (rule.essential and rule.strict_only)


@pytest.mark.parametrize("name", ["iti42-report.xml", "iti42-replace.xml", "iti42-folder.xml"])
def test_the_sample_messages_are_valid(name: str) -> None:
    root = etree.parse(MESSAGES / name).getroot()
    sent, decoded = decode_submission(next(root.iter(SUBMIT_OBJECTS_REQUEST)))
    # The report brings the UUID under which the other samples find it registered.
    known = facts(()) if name == "iti42-report.xml" else facts()
    assert [*decoded, *check(REGISTRATION, sent, known, STRICT)] == []
