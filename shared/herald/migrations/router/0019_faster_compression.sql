-- What a transaction still has to publish is large, and gone a moment later: LZ4 compresses it in a
-- third of the time, to the same size. A server that was built without it goes on as before.
DO $$
BEGIN
    IF (
        SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'
    ) THEN
        ALTER TABLE router.outbox ALTER COLUMN frames SET COMPRESSION lz4;
    END IF;
END
$$;
