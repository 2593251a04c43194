-- Each hour gets its row again.
SET SESSION group_concat_max_len = 16777215;

CREATE TABLE folded_days_digits (digit INT NOT NULL PRIMARY KEY) ENGINE = InnoDB;
INSERT INTO folded_days_digits (digit) VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15);
-- For each number of entries that a row has, their places in it.
CREATE TABLE folded_days_places (entries INT NOT NULL, place INT NOT NULL, PRIMARY KEY (entries, place)) ENGINE = InnoDB;
INSERT INTO folded_days_places (entries, place)
  SELECT r.entries, 1 + 12 * p.entry
  FROM (SELECT DISTINCT LENGTH(counts) DIV 12 AS entries FROM event_rollups) r
  JOIN (
    SELECT a.digit + 16 * b.digit + 256 * c.digit + 4096 * d.digit AS entry
    FROM folded_days_digits a, folded_days_digits b, folded_days_digits c, folded_days_digits d
  ) p ON p.entry < r.entries;

CREATE TABLE unfolded_rollups (
  repository_id BIGINT NOT NULL,
  hour DATETIME NOT NULL,
  counts MEDIUMBLOB NOT NULL,
  PRIMARY KEY (repository_id, hour)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO unfolded_rollups (repository_id, hour, counts)
  SELECT repository_id, hour + INTERVAL (first_part DIV 4096 + 16 * (last_part DIV 4096)) HOUR AS own_hour,
    GROUP_CONCAT(kind, UNHEX(LPAD(HEX(first_part % 4096), 4, '0')), UNHEX(LPAD(HEX(last_part % 4096), 4, '0')) SEPARATOR '')
  FROM (
    SELECT STRAIGHT_JOIN r.repository_id, r.hour, SUBSTRING(r.counts, p.place, 8) AS kind,
      CAST(CONV(HEX(SUBSTRING(r.counts, p.place + 8, 2)), 16, 10) AS UNSIGNED) AS first_part,
      CAST(CONV(HEX(SUBSTRING(r.counts, p.place + 10, 2)), 16, 10) AS UNSIGNED) AS last_part
    FROM event_rollups r JOIN folded_days_places p ON p.entries = LENGTH(r.counts) DIV 12
  ) e
  GROUP BY repository_id, own_hour;

DROP TABLE event_rollups;
RENAME TABLE unfolded_rollups TO event_rollups;
DROP TABLE folded_days_places;
DROP TABLE folded_days_digits;
ALTER TABLE event_days
  DROP COLUMN folded_events;
