"""What can be wrong with a multipart message; each text says what was found, what was expected, how to mend it."""


class MimeError(Exception):
    """A multipart/related message cannot be read or written; the text is fit for the peer."""


class Truncated(MimeError):
    """The stream ended inside a part head, a part, or before the closing delimiter."""


class BoundaryMissing(MimeError):
    """The Content-Type names no usable boundary, or the body does not hold the one it names."""


class LimitExceeded(MimeError):
    """More parts, a longer part head or a longer boundary than `MimeLimits` allows."""


class MalformedPart(MimeError):
    """A part's head, reference or transfer encoding is wrong."""


class PartLengthMismatch(MimeError):
    """A part to be sent yields more or fewer octets than announced; the connection must be broken."""
