-- Fewer rows and index entries for each event, and those next to each other that are read together. Numbers in the packed columns are
-- big-endian. Replicas of a program that knows only the earlier layout store and answer nothing about events from the first statement
-- on, and publish no topic; what they have to store is got again by those that replace them, so replace them soon.
RENAME TABLE event_rollups TO event_rollups_by_type;

-- One repository and hour. counts: for each type and action one entry or several to be added up (2 bytes type_id, 2 action_id,
-- 4 number of events, 2 and 2 the seconds of the hour of the first and the last one).
CREATE TABLE event_rollups (
  repository_id BIGINT NOT NULL,
  hour DATETIME NOT NULL,
  counts MEDIUMBLOB NOT NULL,
  PRIMARY KEY (repository_id, hour)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- All repositories' events of one type, action and minute, kept as long as the events. places: for each event one entry, in any order
-- (1 byte the second of the minute, 8 repository_id).
CREATE TABLE event_minutes (
  type_id SMALLINT NOT NULL,
  action_id SMALLINT NOT NULL,
  minute DATETIME NOT NULL,
  places MEDIUMBLOB NOT NULL,
  PRIMARY KEY (type_id, action_id, minute)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The types and actions that event_minutes has, or had; and the days of which events are stored.
CREATE TABLE event_kinds (
  type_id SMALLINT NOT NULL,
  action_id SMALLINT NOT NULL,
  PRIMARY KEY (type_id, action_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE event_days (
  day DATE NOT NULL PRIMARY KEY
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What an event is known by is its type, id and time, and its repository too.
ALTER TABLE events
  DROP PRIMARY KEY,
  DROP KEY events_repository,
  DROP KEY events_type,
  ADD PRIMARY KEY (repository_id, type_id, created_at, id);

SET SESSION group_concat_max_len = 16777215;

INSERT INTO event_rollups (repository_id, hour, counts)
  SELECT repository_id, hour, GROUP_CONCAT(UNHEX(CONCAT(LPAD(HEX(type_id), 4, '0'), LPAD(HEX(action_id), 4, '0'),
      LPAD(HEX(events), 8, '0'), LPAD(HEX(TIMESTAMPDIFF(SECOND, hour, first_at)), 4, '0'),
      LPAD(HEX(TIMESTAMPDIFF(SECOND, hour, last_at)), 4, '0'))) SEPARATOR '')
  FROM event_rollups_by_type
  GROUP BY repository_id, hour;

INSERT INTO event_minutes (type_id, action_id, minute, places)
  SELECT type_id, action_id, DATE_FORMAT(created_at, '%Y-%m-%d %H:%i:00') AS minute,
    GROUP_CONCAT(UNHEX(CONCAT(LPAD(HEX(SECOND(created_at)), 2, '0'), LPAD(HEX(repository_id), 16, '0'))) SEPARATOR '')
  FROM events
  GROUP BY type_id, action_id, minute;

INSERT INTO event_kinds (type_id, action_id)
  SELECT DISTINCT type_id, action_id FROM event_minutes;

INSERT INTO event_days (day)
  SELECT DISTINCT DATE(minute) FROM event_minutes;

DELETE FROM event_totals WHERE bucket_seconds = 60;
DROP TABLE event_rollups_by_type;

-- The name under which the repository's newest event of the type knew it, as it is spelled; empty: it told none. A repository's name is
-- found here, so that names need no index by repository.
ALTER TABLE event_repository_totals
  ADD COLUMN full_name VARCHAR(140) NOT NULL DEFAULT '';

UPDATE event_repository_totals t
  JOIN repository_names n ON n.repository_id = t.repository_id
  LEFT JOIN repository_names newer ON newer.repository_id = n.repository_id
    AND (newer.seen_at > n.seen_at OR newer.seen_at = n.seen_at AND newer.name > n.name)
  SET t.full_name = COALESCE(n.full_name, n.name)
  WHERE newer.name IS NULL;

ALTER TABLE repository_names
  DROP KEY repository_names_repository,
  DROP COLUMN full_name;

-- A table's file grows page by page up to a MiB, with two syncs each, and by whole MiBs from there on. Doing it here is a quarter of
-- the time that the first import of some hours would take.
INSERT INTO event_rollups (repository_id, hour, counts) VALUES (-1, '2000-01-01', REPEAT('x', 1048576));
INSERT INTO event_minutes (type_id, action_id, minute, places) VALUES (-1, 0, '2000-01-01', REPEAT('x', 1048576));
INSERT INTO event_repository_totals (type_id, repository_id, events, first_at, last_at, full_name)
  WITH digits AS (
    SELECT 0 AS digit UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6
    UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9
  )
  SELECT -1, -1 - a.digit - 10 * b.digit - 100 * c.digit - 1000 * d.digit, 1, '2000-01-01', '2000-01-01', REPEAT('x', 140)
  FROM digits a, digits b, digits c, digits d
  WHERE d.digit < 7;
INSERT INTO repository_names (name, repository_id, seen_at)
  WITH digits AS (
    SELECT 0 AS digit UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6
    UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9
  )
  SELECT CONCAT(a.digit, b.digit, c.digit, d.digit, REPEAT('/', 130)), -1, '2000-01-01'
  FROM digits a, digits b, digits c, digits d
  WHERE d.digit < 7;
DELETE FROM event_rollups WHERE repository_id = -1;
DELETE FROM event_minutes WHERE type_id = -1;
DELETE FROM event_repository_totals WHERE type_id = -1;
DELETE FROM repository_names WHERE repository_id = -1;
