"""The codec of HL7 V3 messages: patient identity feed and its acknowledgement ⇄ the model (ITI TF-2 3.44)."""

from xds.hl7v3.acknowledgement import (
    ACKNOWLEDGEMENT,
    Acknowledgement,
    AcknowledgementCode,
    decode_acknowledgement,
    encode_acknowledgement,
)
from xds.hl7v3.patient_feed import (
    PATIENT_ADDED,
    PATIENT_DUPLICATES_RESOLVED,
    PATIENT_REVISED,
    decode_patient_feed,
    encode_patient_feed,
)

__all__ = [
    "ACKNOWLEDGEMENT",
    "PATIENT_ADDED",
    "PATIENT_DUPLICATES_RESOLVED",
    "PATIENT_REVISED",
    "Acknowledgement",
    "AcknowledgementCode",
    "decode_acknowledgement",
    "decode_patient_feed",
    "encode_acknowledgement",
    "encode_patient_feed",
]
