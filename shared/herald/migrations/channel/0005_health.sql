-- How accounts are, for those who may look at nothing else of the channels: the router's role, and
-- people. An account without a row is up.
CREATE VIEW channel.health AS
SELECT
    channel, account, provider,
    CASE WHEN paused THEN 'paused' WHEN trouble IS NOT NULL THEN 'down' ELSE 'up' END AS state,
    CASE WHEN paused THEN NULL ELSE trouble END AS trouble,
    CASE WHEN paused THEN NULL ELSE code END AS code,
    CASE WHEN paused THEN paused_since ELSE since END AS since
FROM channel.accounts;
