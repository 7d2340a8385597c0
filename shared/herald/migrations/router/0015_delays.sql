-- How long deliveries took, from a provider's acceptance to its report: counted, not kept one by one.

CREATE TABLE router.delays (
    provider text NOT NULL,
    channel text NOT NULL,
    country text NOT NULL,                -- of the recipient's number, by its calling code; or `none`
    day date NOT NULL,                    -- in UTC, by the database's clock
    counts bigint[] NOT NULL,             -- by bucket: router/core/delays.py
    PRIMARY KEY (provider, channel, country, day)
) WITH (fillfactor = 50);
