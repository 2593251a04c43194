DROP TABLE event_tracking;
DROP TABLE event_gaps;
DROP TABLE event_sources;
DROP TABLE tracked_names;
DROP TABLE tracked_repositories;
