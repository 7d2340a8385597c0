-- PostgreSQL lets everybody execute a new function. This one runs with its owner's rights, so only
-- its owner, and whom it grants it to, may call it.
REVOKE EXECUTE ON FUNCTION router.make_history_partitions(int) FROM PUBLIC;
