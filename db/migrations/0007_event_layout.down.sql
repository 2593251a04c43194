ALTER TABLE repository_names
  ADD KEY repository_names_repository (repository_id),
  ADD COLUMN full_name VARCHAR(140) NULL;
UPDATE repository_names n JOIN event_repository_totals t ON t.repository_id = n.repository_id AND LOWER(t.full_name) = n.name
  SET n.full_name = t.full_name;
ALTER TABLE event_repository_totals
  DROP COLUMN full_name;

CREATE TABLE event_rollups_by_type (
  repository_id BIGINT NOT NULL,
  hour DATETIME NOT NULL,
  type_id SMALLINT NOT NULL,
  action_id SMALLINT NOT NULL,
  events BIGINT NOT NULL,
  first_at DATETIME NOT NULL,
  last_at DATETIME NOT NULL,
  PRIMARY KEY (repository_id, hour, type_id, action_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- For each number of entries that a row has, their places in it.
CREATE TABLE event_layout_digits (digit INT NOT NULL PRIMARY KEY) ENGINE = InnoDB;
INSERT INTO event_layout_digits (digit) VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15);
CREATE TABLE event_layout_places (entries INT NOT NULL, place INT NOT NULL, PRIMARY KEY (entries, place)) ENGINE = InnoDB;
INSERT INTO event_layout_places (entries, place)
  SELECT r.entries, 1 + 12 * p.entry
  FROM (SELECT DISTINCT LENGTH(counts) DIV 12 AS entries FROM event_rollups) r
  JOIN (
    SELECT a.digit + 16 * b.digit + 256 * c.digit + 4096 * d.digit AS entry
    FROM event_layout_digits a, event_layout_digits b, event_layout_digits c, event_layout_digits d
  ) p ON p.entry < r.entries;

INSERT INTO event_rollups_by_type (repository_id, hour, type_id, action_id, events, first_at, last_at)
  SELECT STRAIGHT_JOIN r.repository_id, r.hour, CONV(HEX(SUBSTRING(r.counts, p.place, 2)), 16, 10) AS type_id,
    CONV(HEX(SUBSTRING(r.counts, p.place + 2, 2)), 16, 10) AS action_id,
    SUM(CAST(CONV(HEX(SUBSTRING(r.counts, p.place + 4, 4)), 16, 10) AS UNSIGNED)),
    r.hour + INTERVAL MIN(CAST(CONV(HEX(SUBSTRING(r.counts, p.place + 8, 2)), 16, 10) AS UNSIGNED)) SECOND,
    r.hour + INTERVAL MAX(CAST(CONV(HEX(SUBSTRING(r.counts, p.place + 10, 2)), 16, 10) AS UNSIGNED)) SECOND
  FROM event_rollups r JOIN event_layout_places p ON p.entries = LENGTH(r.counts) DIV 12
  GROUP BY r.repository_id, r.hour, type_id, action_id;

INSERT INTO event_totals (bucket_seconds, bucket, type_id, action_id, events, first_at, last_at)
  SELECT 60, DATE_FORMAT(created_at, '%Y-%m-%d %H:%i:00') AS bucket, type_id, action_id, COUNT(*), MIN(created_at), MAX(created_at)
  FROM events
  GROUP BY bucket, type_id, action_id;

-- With the repository, as two events may differ in it alone.
ALTER TABLE events
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (created_at, id, type_id, repository_id),
  ADD KEY events_repository (repository_id, created_at),
  ADD KEY events_type (type_id, action_id, created_at, repository_id);

DROP TABLE event_layout_places;
DROP TABLE event_layout_digits;
DROP TABLE event_days;
DROP TABLE event_kinds;
DROP TABLE event_minutes;
DROP TABLE event_rollups;
RENAME TABLE event_rollups_by_type TO event_rollups;
