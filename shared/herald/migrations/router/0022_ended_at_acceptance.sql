-- Messages that failed as they were accepted, for all of their steps were left out, whose rows did not
-- say so. No other message without an outcome has no deadline.
UPDATE router.messages SET outcome = 'failed', ended_at = created_at
WHERE outcome IS NULL AND due_at IS NULL;
