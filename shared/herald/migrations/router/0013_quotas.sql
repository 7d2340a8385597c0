-- What each tenant has used of its quotas in their present periods. One row a tenant, so that whoever
-- charges several quotas of it locks them all at once.
CREATE TABLE router.quota_usage (
    tenant text PRIMARY KEY,
    usage json NOT NULL DEFAULT '{}'      -- by quota: since when, and how much
) WITH (fillfactor = 50);
