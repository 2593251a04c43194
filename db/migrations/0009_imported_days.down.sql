ALTER TABLE imports
  DROP KEY imports_updated_at,
  ADD KEY imports_hour (hour);
DROP TABLE imported_days;
