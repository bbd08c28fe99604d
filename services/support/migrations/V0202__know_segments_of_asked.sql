-- why: results by segment count people in the segments that they were in when they were asked; segmentation is asked once, soon after.
-- NULL: not asked for yet.
ALTER TABLE survey_invitation ADD COLUMN segments text[];
CREATE INDEX survey_invitation_without_segments ON survey_invitation (ask_time)
  WHERE segments IS NULL AND ask_time IS NOT NULL AND contact_id IS NOT NULL;
