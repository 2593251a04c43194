"""The local stack without Docker: starts, supervises and stops all parts from one folder."""
