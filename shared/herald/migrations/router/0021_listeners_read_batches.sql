-- Whether a router reads several receipts in one message. Those of an earlier version don't say so.
ALTER TABLE router.listeners ADD COLUMN reads_batches boolean NOT NULL DEFAULT false;
