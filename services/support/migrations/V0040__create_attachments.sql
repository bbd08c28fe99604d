-- why: messages come with files; a file is named by what is in it and kept outside of the database, its row belongs to the transaction of the message.
CREATE TABLE ticket_attachment (
  id uuid PRIMARY KEY,
  -- Absent until a message names it; forgotten after a day without one.
  message_id uuid REFERENCES ticket_message (id),
  name text NOT NULL,
  media_type text NOT NULL,
  size_bytes bigint NOT NULL,
  sha256 text NOT NULL,
  -- Who took it in, and alone may name it.
  actor text NOT NULL,
  create_time timestamptz NOT NULL
);
CREATE INDEX ticket_attachment_message ON ticket_attachment (message_id, create_time, id) WHERE message_id IS NOT NULL;
CREATE INDEX ticket_attachment_free ON ticket_attachment (create_time) WHERE message_id IS NULL;
CREATE INDEX ticket_attachment_sha256 ON ticket_attachment (sha256);
