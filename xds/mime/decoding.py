"""Content-Transfer-Encoding undone while the octets pass (RFC 2045 6)."""

import binascii
import re
from typing import Final, Protocol

from xds.mime.errors import MalformedPart

_WHITE_SPACE: Final = b" \t\r\n"
_BROKEN_ESCAPE: Final = re.compile(rb"=(?![0-9A-Fa-f]{2})")
# RFC 2045 6.7 allows 76 characters; a line is held whole, so there must be some bound.
_QUOTED_PRINTABLE_LINE: Final = 65_536


class Decoder(Protocol):
    """Takes encoded pieces of any size, returns decoded ones; `finish` gives what is left."""

    def feed(self, piece: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


class IdentityDecoder:
    """7bit, 8bit and binary: the octets are the content."""

    def feed(self, piece: bytes) -> bytes:
        return piece

    def finish(self) -> bytes:
        return b""


class Base64Decoder:
    """Base64 in pieces cut anywhere; white space is skipped, everything else must be of the alphabet."""

    def __init__(self) -> None:
        self._rest = b""
        self._ended = False

    def feed(self, piece: bytes) -> bytes:
        """Decode as many groups of four characters as are complete.

        Raises
        ------
        MalformedPart
            A character outside the alphabet, padding in the wrong place, data after the padding.
        """
        data = self._rest + piece.translate(None, _WHITE_SPACE)
        whole = len(data) - len(data) % 4
        self._rest = data[whole:]
        if not data:
            return b""
        if self._ended:
            raise MalformedPart("base64 goes on after its padding '='; encode the content in one run")
        try:
            decoded = binascii.a2b_base64(data[:whole], strict_mode=True)
        except binascii.Error as error:
            raise MalformedPart(
                f"base64 is not readable ({str(error).lower()}); expected A-Z a-z 0-9 + / and, "
                "at the end only, ="
            ) from None
        self._ended = data[:whole].endswith(b"=")
        return decoded

    def finish(self) -> bytes:
        """Check that nothing is left over.

        Raises
        ------
        MalformedPart
            The number of characters is no multiple of four.
        """
        if self._rest:
            raise MalformedPart(
                "base64 ends inside a group of four characters; the content is cut off or its padding '=' is "
                "missing"
            )
        return b""


class QuotedPrintableDecoder:
    """Quoted-printable in pieces cut anywhere; line ends stay as they were sent (RFC 2045 6.7)."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> bytes:
        """Decode the lines that are complete.

        Raises
        ------
        MalformedPart
            An ``=`` without two hex digits or a line end after it, or a line without end.
        """
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > _QUOTED_PRINTABLE_LINE:
            raise MalformedPart(
                f"a quoted-printable line is longer than {_QUOTED_PRINTABLE_LINE} characters; "
                "76 are allowed: send the part as binary or base64"
            )
        return b"".join(self._line(line.removesuffix(b"\r"), line) for line in lines)

    def finish(self) -> bytes:
        """Decode the last line, which has no end."""
        text = self._rest.rstrip(b" \t")
        return self._unescape(text.removesuffix(b"="))

    def _line(self, text: bytes, line: bytes) -> bytes:
        text = text.rstrip(b" \t")  # added on the way: rule (3)
        if text.endswith(b"="):  # soft line break: rule (5)
            return self._unescape(text[:-1])
        return self._unescape(text) + (b"\r\n" if line.endswith(b"\r") else b"\n")

    @staticmethod
    def _unescape(text: bytes) -> bytes:
        if broken := _BROKEN_ESCAPE.search(text):
            found = text[broken.start() : broken.start() + 3].decode("ascii", "replace")
            raise MalformedPart(
                f"quoted-printable has {found!r}; expected = and two hex digits, or = at the end of a line"
            )
        return binascii.a2b_qp(text)


def decoder_for(transfer_encoding: str) -> Decoder:
    """Return a decoder for a Content-Transfer-Encoding, any case; empty means 7bit (RFC 2045 6.1).

    Raises
    ------
    MalformedPart
        An encoding that RFC 2045 does not know.
    """
    match transfer_encoding.strip().lower():
        case "" | "7bit" | "8bit" | "binary":
            return IdentityDecoder()
        case "base64":
            return Base64Decoder()
        case "quoted-printable":
            return QuotedPrintableDecoder()
    raise MalformedPart(
        f"Content-Transfer-Encoding {transfer_encoding[:40]!r} is unknown; expected binary, 8bit, 7bit, base64 "
        "or quoted-printable"
    )
