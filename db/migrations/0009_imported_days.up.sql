-- Which hours were imported, a day in a row instead of an hour: months of them belong to every statement of what was watched.
-- hours: bit 0 is the hour from 00:00, bit 23 the last one. only_tracked: of tracked repositories only. A program that knows only 0008
-- does not write it: what such a replica imports meanwhile is watched here once it is imported again.
CREATE TABLE imported_days (
  day DATE NOT NULL,
  only_tracked BOOLEAN NOT NULL,
  hours INT UNSIGNED NOT NULL,
  PRIMARY KEY (day, only_tracked)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO imported_days (day, only_tracked, hours)
  SELECT DATE(hour) AS day, only_tracked, BIT_OR(1 << HOUR(hour)) FROM imports
  WHERE state = 'done' AND hour IS NOT NULL
  GROUP BY day, only_tracked;

-- The last changed are asked for, no hours any more.
ALTER TABLE imports
  DROP KEY imports_hour,
  ADD KEY imports_updated_at (updated_at);
