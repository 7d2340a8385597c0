-- Workers report several attempts in one message once every router reads that: a router of an earlier
-- version would give such a message up. Workers may not read routers' tables; they may ask this.
CREATE FUNCTION channel.routers_read_batches() RETURNS boolean
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path = router, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce(bool_and(reads_batches), false) FROM router.listeners);
END;
$$;
REVOKE EXECUTE ON FUNCTION channel.routers_read_batches() FROM PUBLIC;
