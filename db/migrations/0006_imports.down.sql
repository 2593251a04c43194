DROP TABLE replay_clock;
ALTER TABLE jobs
  DROP COLUMN argument;
DROP TABLE imports;
