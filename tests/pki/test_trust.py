"""Whose certificate is it, and is it good?"""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from xds.pki import Authority, CertificateRefused, Enrolled, PrivateKey, Refusal, Trust, read_subject_rule

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
Issued = tuple[x509.Certificate, PrivateKey]


@pytest.fixture(scope="module")
def issued(authority: Authority) -> Issued:
    return authority.issue("dir-a")


def by_equality(*certificates: x509.Certificate) -> Trust:
    return Trust([Enrolled(name="dir-a", certificates=certificates)])


def by_issuer(authority: Authority, subject: str, **more: object) -> Trust:
    rule = read_subject_rule(subject)
    partner = Enrolled(name="dir-a", authorities=(authority.certificate,), subject=rule, **more)  # type: ignore[arg-type]
    return Trust([partner])


def refusal(trust: Trust, certificate: x509.Certificate, at: datetime | None = None) -> Refusal:
    with pytest.raises(CertificateRefused) as caught:
        trust.partner_of(certificate, at=at)
    return caught.value.refusal


def test_an_enrolled_certificate_is_its_partners(issued: Issued) -> None:
    assert by_equality(issued[0]).partner_of(issued[0]).name == "dir-a"


def test_two_certificates_overlap_while_one_takes_the_place_of_the_other(
    authority: Authority, issued: Issued
) -> None:
    successor, _ = authority.issue("dir-a")
    trust = by_equality(issued[0], successor)
    assert trust.partner_of(issued[0]).name == trust.partner_of(successor).name == "dir-a"


def test_another_certificate_of_the_same_name_and_key_is_nobodys(
    authority: Authority, issued: Issued
) -> None:
    again, _ = authority.issue("dir-a", issued[1])
    assert refusal(by_equality(issued[0]), again) is Refusal.UNKNOWN


def test_an_issuer_and_a_subject_are_enough(authority: Authority, issued: Issued) -> None:
    assert by_issuer(authority, "CN=dir-a").partner_of(issued[0]).name == "dir-a"
    assert by_issuer(authority, "CN=dir-a,O=XDS sandbox").partner_of(issued[0]).name == "dir-a"


@pytest.mark.parametrize("subject", ["CN=dir-b", "CN=dir-a,O=Another", "CN=dir-a,OU=XDS sandbox", "CN=DIR-A"])
def test_every_attribute_of_the_subject_counts(authority: Authority, issued: Issued, subject: str) -> None:
    assert refusal(by_issuer(authority, subject), issued[0]) is Refusal.UNKNOWN


def test_the_name_of_an_issuer_is_not_its_signature(authority: Authority, issued: Issued) -> None:
    namesake = Authority.made()
    assert namesake.certificate.subject == authority.certificate.subject
    assert refusal(by_issuer(namesake, "CN=dir-a"), issued[0]) is Refusal.UNKNOWN


def test_a_partners_certificate_issues_nothing(issued: Issued) -> None:
    enrolled = Authority(certificate=issued[0], key=issued[1])
    forged, _ = enrolled.issue("dir-a")
    assert refusal(by_issuer(enrolled, "CN=dir-a"), forged) is Refusal.UNKNOWN
    assert refusal(by_equality(issued[0]), forged) is Refusal.UNKNOWN


def test_what_an_issuer_that_has_expired_issued_is_nobodys(issued: Issued, authority: Authority) -> None:
    late = authority.certificate.not_valid_after_utc + DAY
    assert refusal(by_issuer(authority, "CN=dir-a"), issued[0], late) is Refusal.UNKNOWN


def test_dates(authority: Authority) -> None:
    expired, _ = authority.issue("dir-a", starts=NOW - 2 * DAY, ends=NOW - DAY)
    early, _ = authority.issue("dir-a", starts=NOW + DAY)
    assert refusal(by_equality(expired), expired) is Refusal.EXPIRED
    assert refusal(by_issuer(authority, "CN=dir-a"), expired) is Refusal.EXPIRED
    assert refusal(by_equality(early), early) is Refusal.NOT_YET_VALID


def test_a_key_that_is_not_for_signatures(authority: Authority) -> None:
    certificate, _ = authority.issue("dir-a", signs=False)
    assert refusal(by_equality(certificate), certificate) is Refusal.USAGE


@pytest.mark.parametrize(
    ("key", "is_taken"),
    [
        (rsa.generate_private_key(65_537, 1024), False),  # noqa: S505  # the point of it
        (ec.generate_private_key(ec.SECP256R1()), True),
        (ec.generate_private_key(ec.SECP384R1()), True),
        (ec.generate_private_key(ec.SECP192R1()), False),
    ],
    ids=["RSA 1024", "P-256", "P-384", "P-192"],
)
def test_keys(authority: Authority, key: PrivateKey, is_taken: bool) -> None:
    certificate, _ = authority.issue("dir-a", key)
    trust = by_equality(certificate)
    if is_taken:
        assert trust.partner_of(certificate).name == "dir-a"
    else:
        assert refusal(trust, certificate) is Refusal.WEAK


def test_revocation(authority: Authority, issued: Issued) -> None:
    other, _ = authority.issue("dir-a")
    lists = (authority.revoke([issued[0]]),)
    for trust in (
        by_issuer(authority, "CN=dir-a", revocation_lists=lists),
        Trust([Enrolled(name="dir-a", certificates=(issued[0], other), revocation_lists=lists)]),
        Trust([Enrolled(name="dir-a", certificates=(issued[0], other))], revocation_lists=lists),
    ):
        assert refusal(trust, issued[0]) is Refusal.REVOKED
        assert trust.partner_of(other).name == "dir-a"


def test_a_revocation_list_out_of_date_lets_nobody_in(authority: Authority, issued: Issued) -> None:
    old = authority.revoke(ends=NOW - timedelta(seconds=1))
    trust = by_issuer(authority, "CN=dir-a", revocation_lists=(old,))
    assert refusal(trust, issued[0]) is Refusal.REVOCATION_UNKNOWN
    both = by_issuer(authority, "CN=dir-a", revocation_lists=(old, authority.revoke()))
    assert both.partner_of(issued[0]).name == "dir-a"


def test_a_revocation_list_of_somebody_else_counts_for_nothing(authority: Authority, issued: Issued) -> None:
    namesake = Authority.made()
    trust = by_issuer(authority, "CN=dir-a", revocation_lists=(namesake.revoke(),))
    assert refusal(trust, issued[0]) is Refusal.REVOCATION_UNKNOWN


def test_who_may_connect_without_being_a_partner(
    authority: Authority, other_authority: Authority, issued: Issued
) -> None:
    partner, _ = other_authority.issue("dir-b")
    trust = Trust(
        [Enrolled(name="dir-b", certificates=(partner,))],
        authorities=(authority.certificate,),
        revocation_lists=(authority.revoke([issued[0]]),),
    )
    assert trust.client_of(authority.issue("viewer")[0]) is None
    found = trust.client_of(partner)
    assert found is not None
    assert found.name == "dir-b"
    for certificate, why in (
        (issued[0], Refusal.REVOKED),
        (other_authority.issue("dir-b")[0], Refusal.UNKNOWN),
        (authority.issue("late", starts=NOW - 2 * DAY, ends=NOW - DAY)[0], Refusal.EXPIRED),
    ):
        with pytest.raises(CertificateRefused) as caught:
            trust.client_of(certificate)
        assert caught.value.refusal is why


@pytest.mark.parametrize("text", ["", "dir-a", "CN", "CN=dir-a,,O=x"])
def test_a_subject_that_nobody_can_read(text: str) -> None:
    with pytest.raises(ValueError):  # cryptography's own words
        read_subject_rule(text)
