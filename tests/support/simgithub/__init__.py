"""A simulated GitHub: repository search, repositories, limits and faults, from a seed."""
