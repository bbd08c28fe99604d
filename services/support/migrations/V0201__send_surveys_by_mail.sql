-- why: surveys are sent by mail, as text and as HTML, and not to addresses that mails came back from.
ALTER TABLE mail_out ADD COLUMN html text NOT NULL DEFAULT '';
CREATE INDEX mail_out_bounced ON mail_out (to_address) WHERE state = 4;
