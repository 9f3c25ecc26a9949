-- For sites whose consumers search without a patient (ITI-51 by classCode, healthcareFacilityTypeCode or eventCodeList,
-- or Folders by codeList): without these indexes such a search reads the whole table. Figures: docs/operations.md.
-- Run as the owner, while the service runs: psql -f multi-patient-indexes.sql. It may be run again.

CREATE INDEX CONCURRENTLY IF NOT EXISTS document_entry_class_code
    ON document_entry (class_code, creation_time);

CREATE INDEX CONCURRENTLY IF NOT EXISTS document_entry_facility_type_code
    ON document_entry (facility_type_code, creation_time);

CREATE INDEX CONCURRENTLY IF NOT EXISTS document_entry_event_codes
    ON document_entry USING gin (event_codes);

CREATE INDEX CONCURRENTLY IF NOT EXISTS folder_codes
    ON folder USING gin (codes);
