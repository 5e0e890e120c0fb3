"""AWS Glue's ETL library for job scripts, over the Spark client: the calls that such scripts use. What is not there raises
NotImplementedError with its name."""
