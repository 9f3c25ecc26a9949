"""`xds keys`: certificates, keys and assertions to try signed feeds, mutual TLS and users with."""

from datetime import timedelta
from pathlib import Path

import click

from xds.access import AttributeValue, CodedValue
from xds.cli.options import CodeType, patient_option
from xds.cli.outcome import Refused
from xds.model import Code, OneIdAttribute, XuaAttribute
from xds.pki import PROVIDER_ISSUER, PROVIDER_NAME, PkiError, make_sandbox, read_certificate, read_pair
from xds.saml import AssertionRequest, issue_assertion


@click.group(epilog="\b\nExample: xds keys sandbox keys")
def keys() -> None:
    """Certificates, keys and assertions to try signed feeds, mutual TLS and users with."""


@keys.command(
    epilog="\b\nExample: xds keys sandbox keys\n         xds serve --config deploy/secured.toml --keys keys"
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def sandbox(folder: Path) -> None:
    """Make an authority, a server, an identity provider, two partners and their table.

    DIR gets ca.pem and ca.crl, server.key and server.pem (for localhost), idp, partner-a and partner-b, each .key and
    .pem, and partners.toml. The keys are fresh, have no password, are good for a year, and protect nothing real.
    What is in DIR is never replaced.
    """
    try:
        made = make_sandbox(folder)
    except PkiError as error:
        raise Refused(str(error)) from None
    for path in made:
        click.echo(path)


@keys.command(
    epilog="\b\nExample: xds keys assertion keys --audience urn:oid:2.999.3 --purpose TREAT^^2.999.5.1 \\\n"
    "             --role 66862007^^2.16.840.1.113883.6.96 > user.xml\n"
    "         xds query FindDocuments --assertion user.xml …"
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--audience",
    "audiences",
    multiple=True,
    required=True,
    metavar="URI",
    help="Who may believe it; repeatable.",
)
@click.option("--user", default="afabricated", show_default=True, help="NameID of the user.")
@click.option("--name", default="Alex Fabricated", show_default=True, help="The user's name (subject-id).")
@click.option("--role", "roles", multiple=True, type=CodeType(), help="Role of the user; repeatable.")
@click.option("--purpose", type=CodeType(), help="What the user asks for (purposeofuse).")
@click.option(
    "--organization",
    default="urn:oid:2.999.4.7",
    show_default=True,
    help="organization-id: whom the user acts for.",
)
@click.option("--licence", default="cpso:12345", show_default=True, help="Registration id of the user.")
@patient_option(required=False, help_text="The only patient it is for (resource-id)")
@click.option("--reason", help="Why a consent directive is overridden, in the user's words.")
@click.option(
    "--holder", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Certificate whose key its sender has to prove (holder-of-key); without it: bearer.",
)  # fmt: skip
@click.option(
    "--minutes", default=10, show_default=True, type=click.IntRange(1, 60), help="How long it is good."
)
@click.option("--once", is_flag=True, help="For a single use.")
def assertion(
    *,
    folder: Path,
    audiences: tuple[str, ...],
    user: str,
    name: str,
    roles: tuple[Code, ...],
    purpose: Code | None,
    organization: str,
    licence: str,
    patient: str | None,
    reason: str | None,
    holder: Path | None,
    minutes: int,
    once: bool,
) -> None:
    """Issue a user's assertion with the identity provider of a sandbox (ITI-40).

    It goes to standard output. DIR is a folder of `xds keys sandbox`.
    """
    said: list[tuple[str, AttributeValue | None]] = [
        (XuaAttribute.SUBJECT_ID, name),
        (XuaAttribute.ORGANIZATION_ID, organization),
        (OneIdAttribute.RID, licence),
        *((XuaAttribute.ROLE, _coded(role)) for role in roles),
        (XuaAttribute.PURPOSE_OF_USE, None if purpose is None else _coded(purpose)),
        (XuaAttribute.RESOURCE_ID, patient),
        (XuaAttribute.OVERRIDE_REASON, reason),
    ]
    try:
        certificate, key = read_pair(folder / f"{PROVIDER_NAME}.pem", folder / f"{PROVIDER_NAME}.key")
        request = AssertionRequest(
            issuer=PROVIDER_ISSUER,
            user=user,
            audiences=audiences,
            attributes=tuple((attribute, value) for attribute, value in said if value),
            holder=None if holder is None else read_certificate(holder),
            one_time=once,
            life=timedelta(minutes=minutes),
        )
    except PkiError as error:
        raise Refused(str(error)) from None
    click.echo(issue_assertion(request, key, certificate))


def _coded(code: Code) -> CodedValue:
    return CodedValue(code=code.code or "", scheme=code.scheme or "")
