-- A row of event_rollups may tell of other hours of its day than its own. An entry of `counts` has, above the 12 bits that a second of
-- an hour needs, by how many hours its hour lies behind the row's: the low 4 bits of that with the first second, the high 4 with the last.
-- Programs that know only 0007 would take these hours for others: no such replica may run beside the first night's pruning.
--
-- folded_events: how many events the day had when its rows were last put together; 0: they never were.
ALTER TABLE event_days
  ADD COLUMN folded_events BIGINT NOT NULL DEFAULT 0;
