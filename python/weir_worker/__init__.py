"""Worker processes that run a query's Python functions: see README.md one folder up."""
