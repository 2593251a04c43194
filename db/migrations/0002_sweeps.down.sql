DROP TABLE sweep_repositories;
DROP TABLE sweeps;
