-- Mails are answered by their own Message-ID, which is another than their provider's id of them.

ALTER TABLE router.inbound
    ADD COLUMN mail_id text;  -- a mail's Message-ID, in angle brackets
