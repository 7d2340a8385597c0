-- Dry runs while their channels are asked what they would do: for some seconds each. Of the message
-- nothing is kept but its id and key: neither what it says nor whom it is for.

CREATE TABLE router.plans (
    id uuid PRIMARY KEY,                     -- of the event that answers it
    due_at timestamptz NOT NULL,             -- then it is answered with what is known
    plan json NOT NULL,                      -- the event as far as the router knows it, and whom it asked
    answers jsonb NOT NULL DEFAULT '{}'      -- by step: what its channel said
);

CREATE INDEX plans_due ON router.plans (due_at);
