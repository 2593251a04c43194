DROP TABLE repository_snapshots;
DROP TABLE topic_repositories;
DROP TABLE repository_names;
DROP TABLE repositories;
DROP TABLE topics;
