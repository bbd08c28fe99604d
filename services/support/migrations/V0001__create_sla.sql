-- why: what a firm promises is data that people change, and every change counts for all tickets at once.
CREATE TABLE business_calendar (
  id text PRIMARY KEY,
  body jsonb NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL
);

CREATE TABLE sla_policy (
  id text PRIMARY KEY,
  position integer NOT NULL,
  calendar_id text REFERENCES business_calendar (id),
  body jsonb NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL
);
CREATE INDEX sla_policy_position ON sla_policy (position, id);
CREATE INDEX sla_policy_calendar ON sla_policy (calendar_id);

-- Counts the changes of both: a ticket whose clocks were reckoned under an older number is reckoned anew.
CREATE TABLE sla_revision (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  revision bigint NOT NULL
);
INSERT INTO sla_revision (revision) VALUES (1);

-- A calendar to begin with: offices in Turkey, with the public holidays of 2026 and 2027. The feasts move with the moon
-- and so are dated entries; the half day before each ends at 13:00.
INSERT INTO business_calendar (id, body, version, create_time, update_time) VALUES ('turkey', '{
  "id": "turkey", "displayName": "Türkiye, mesai saatleri", "timeZone": "Europe/Istanbul",
  "monday": {"hours": [{"openTime": "09:00", "closeTime": "18:00"}]},
  "tuesday": {"hours": [{"openTime": "09:00", "closeTime": "18:00"}]},
  "wednesday": {"hours": [{"openTime": "09:00", "closeTime": "18:00"}]},
  "thursday": {"hours": [{"openTime": "09:00", "closeTime": "18:00"}]},
  "friday": {"hours": [{"openTime": "09:00", "closeTime": "18:00"}]},
  "holidays": [
    {"date": "2026-01-01", "displayName": "Yılbaşı"},
    {"date": "2026-03-19", "displayName": "Ramazan Bayramı arifesi", "hours": [{"openTime": "09:00", "closeTime": "13:00"}]},
    {"date": "2026-03-20", "displayName": "Ramazan Bayramı 1. gün"},
    {"date": "2026-03-21", "displayName": "Ramazan Bayramı 2. gün"},
    {"date": "2026-03-22", "displayName": "Ramazan Bayramı 3. gün"},
    {"date": "2026-04-23", "displayName": "Ulusal Egemenlik ve Çocuk Bayramı"},
    {"date": "2026-05-01", "displayName": "Emek ve Dayanışma Günü"},
    {"date": "2026-05-19", "displayName": "Atatürk''ü Anma, Gençlik ve Spor Bayramı"},
    {"date": "2026-05-26", "displayName": "Kurban Bayramı arifesi", "hours": [{"openTime": "09:00", "closeTime": "13:00"}]},
    {"date": "2026-05-27", "displayName": "Kurban Bayramı 1. gün"},
    {"date": "2026-05-28", "displayName": "Kurban Bayramı 2. gün"},
    {"date": "2026-05-29", "displayName": "Kurban Bayramı 3. gün"},
    {"date": "2026-05-30", "displayName": "Kurban Bayramı 4. gün"},
    {"date": "2026-07-15", "displayName": "Demokrasi ve Millî Birlik Günü"},
    {"date": "2026-08-30", "displayName": "Zafer Bayramı"},
    {"date": "2026-10-28", "displayName": "Cumhuriyet Bayramı arifesi", "hours": [{"openTime": "09:00", "closeTime": "13:00"}]},
    {"date": "2026-10-29", "displayName": "Cumhuriyet Bayramı"},
    {"date": "2027-01-01", "displayName": "Yılbaşı"},
    {"date": "2027-03-08", "displayName": "Ramazan Bayramı arifesi", "hours": [{"openTime": "09:00", "closeTime": "13:00"}]},
    {"date": "2027-03-09", "displayName": "Ramazan Bayramı 1. gün"},
    {"date": "2027-03-10", "displayName": "Ramazan Bayramı 2. gün"},
    {"date": "2027-03-11", "displayName": "Ramazan Bayramı 3. gün"},
    {"date": "2027-04-23", "displayName": "Ulusal Egemenlik ve Çocuk Bayramı"},
    {"date": "2027-05-01", "displayName": "Emek ve Dayanışma Günü"},
    {"date": "2027-05-15", "displayName": "Kurban Bayramı arifesi", "hours": []},
    {"date": "2027-05-16", "displayName": "Kurban Bayramı 1. gün"},
    {"date": "2027-05-17", "displayName": "Kurban Bayramı 2. gün"},
    {"date": "2027-05-18", "displayName": "Kurban Bayramı 3. gün"},
    {"date": "2027-05-19", "displayName": "Kurban Bayramı 4. gün; Atatürk''ü Anma, Gençlik ve Spor Bayramı"},
    {"date": "2027-07-15", "displayName": "Demokrasi ve Millî Birlik Günü"},
    {"date": "2027-08-30", "displayName": "Zafer Bayramı"},
    {"date": "2027-10-28", "displayName": "Cumhuriyet Bayramı arifesi", "hours": [{"openTime": "09:00", "closeTime": "13:00"}]},
    {"date": "2027-10-29", "displayName": "Cumhuriyet Bayramı"}
  ]}', 1, now(), now());

-- A promise to begin with, for every ticket that no other policy takes.
INSERT INTO sla_policy (id, position, calendar_id, body, version, create_time, update_time) VALUES
  ('default', 1000000, 'turkey', '{
  "id": "default", "displayName": "Genel", "position": 1000000, "calendarId": "turkey",
  "targets": {"firstResponseMinutes": 240, "nextResponseMinutes": 480, "resolutionMinutes": 1440},
  "priorityTargets": [
    {"priority": "TICKET_PRIORITY_URGENT",
     "targets": {"firstResponseMinutes": 60, "nextResponseMinutes": 120, "resolutionMinutes": 480}}
  ]}', 1, now(), now());
