-- What is under way, so that it can be counted without reading messages.

-- A router of an earlier version writes none of these columns: what it dispatches is not counted, and
-- a message that it changes last stands as it was until a later fact, or its end.
ALTER TABLE router.messages
    ADD COLUMN waits_in text,             -- the queue that its work is in, until a worker reports of it
    ADD COLUMN waits_since timestamptz,   -- when that work was dispatched first
    ADD COLUMN unknown_on text;           -- channels of attempts whose results are unknown, with blanks between

CREATE INDEX messages_waiting ON router.messages (waits_in, waits_since)
    WHERE waits_in IS NOT NULL AND outcome IS NULL;
CREATE INDEX messages_unknown ON router.messages (unknown_on)
    WHERE unknown_on IS NOT NULL AND outcome IS NULL;

-- One router counts at a time, for all of them.
CREATE TABLE router.measurement (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    next_at timestamptz NOT NULL DEFAULT '-infinity',  -- nobody counts before
    measured_at timestamptz,              -- null: nobody has counted yet
    figures json
);
INSERT INTO router.measurement DEFAULT VALUES;
