-- Routers alone write and read what a transaction still has to publish. As text PostgreSQL takes it as
-- it is; to check that it is JSON took as long as to compress and write it. A new type has the server's
-- compression: LZ4 is set again where there is one.
ALTER TABLE router.outbox ALTER COLUMN frames TYPE text;
DO $$
BEGIN
    IF (
        SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'
    ) THEN
        ALTER TABLE router.outbox ALTER COLUMN frames SET COMPRESSION lz4;
    END IF;
END
$$;
