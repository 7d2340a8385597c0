-- name: withdraw
-- Ask to take attempts back; the channel's row answers.
SELECT attempt_id, state, lease_until FROM channel.withdraw($1::text[])
