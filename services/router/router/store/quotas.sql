-- name: lock_usage
-- Lock what tenants have used of their quotas, in the order of their names: until the end of this
-- transaction nobody else charges them.
INSERT INTO router.quota_usage AS q (tenant)
SELECT tenant FROM unnest($1::text[]) AS t (tenant) ORDER BY tenant
ON CONFLICT (tenant) DO UPDATE SET tenant = q.tenant
RETURNING tenant, usage

-- name: save_usage
-- Keep what tenants have used.
UPDATE router.quota_usage AS q SET usage = t.usage
FROM unnest($1::text[], $2::json[]) AS t (tenant, usage)
WHERE q.tenant = t.tenant

-- name: read_usage
-- Read what tenants have used.
SELECT tenant, usage FROM router.quota_usage WHERE tenant = ANY ($1::text[])
