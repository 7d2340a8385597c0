-- name: take_over
-- Make a role the owner of all that is Herald's. What it owns already is left alone; sequences and
-- indexes go with their tables.
SELECT format('ALTER SCHEMA %I OWNER TO %I', nspname, $1::text) AS statement
FROM pg_namespace
WHERE nspname IN ('channel', 'router') AND nspowner <> $1::text::regrole
UNION ALL
SELECT format('ALTER TABLE %s OWNER TO %I', c.oid::regclass, $1::text)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v') AND relowner <> $1::text::regrole
    AND (nspname IN ('channel', 'router') OR c.oid = to_regclass('public.herald_migrations'))
UNION ALL
SELECT format('ALTER FUNCTION %s OWNER TO %I', p.oid::regprocedure, $1::text)
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = pronamespace
WHERE nspname IN ('channel', 'router') AND proowner <> $1::text::regrole
UNION ALL
SELECT format('ALTER TYPE %s OWNER TO %I', t.oid::regtype, $1::text)
FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = typnamespace
WHERE nspname IN ('channel', 'router') AND typtype = 'e' AND typowner <> $1::text::regrole

-- name: open_to_public
-- List what everybody may still do in this database, as text for people.
WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname IN ('channel', 'router'))
SELECT format('%s on %s', privilege_type, object) AS opened
FROM (
    SELECT 'database ' || datname AS object, coalesce(datacl, acldefault('d', datdba)) AS acl
    FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'schema ' || nspname, coalesce(nspacl, acldefault('n', nspowner))
    FROM pg_namespace WHERE nspname IN ('public', 'channel', 'router')
    UNION ALL
    SELECT 'table ' || c.oid::regclass, coalesce(relacl, acldefault('r', relowner))
    FROM pg_class AS c
    WHERE relkind IN ('r', 'p', 'v')
        AND (relnamespace IN (SELECT oid FROM ours) OR c.oid = to_regclass('public.herald_migrations'))
    UNION ALL
    SELECT 'function ' || p.oid::regprocedure, coalesce(proacl, acldefault('f', proowner))
    FROM pg_proc AS p WHERE pronamespace IN (SELECT oid FROM ours)
    UNION ALL
    SELECT 'type ' || t.oid::regtype, coalesce(typacl, acldefault('T', typowner))
    FROM pg_type AS t WHERE typnamespace IN (SELECT oid FROM ours) AND typtype = 'e'
) AS every, aclexplode(acl)
WHERE grantee = 0
ORDER BY 1

-- name: too_strong
-- List the roles that can do more than their rights say.
SELECT rolname FROM pg_roles
WHERE rolname = ANY ($1::text[])
    AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication)
UNION
SELECT rolname FROM pg_roles
WHERE rolname = ANY ($1::text[]) AND rolname <> $2::text AND pg_has_role(oid, $2::text, 'MEMBER')

-- name: known_roles
-- Read which roles are there, and which can log in.
SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname = ANY ($1::text[])
