-- name: keep_acts
-- Keep what operators did, one row an act.
INSERT INTO router.audit (broker_user, act, tenant, subject, detail)
SELECT broker_user, act, tenant, subject, detail
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::json[])
    AS t (broker_user, act, tenant, subject, detail)
