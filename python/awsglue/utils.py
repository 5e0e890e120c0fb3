"""getResolvedOptions: a job's arguments, as AWS Glue passes them on the command line."""
import argparse


class GlueArgumentError(Exception):
    pass


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise GlueArgumentError(message)


# What Glue itself passes; a script need not name them. Source: "AWS Glue job parameters".
_RESERVED = ["job-bookmark-option", "job-bookmark-from", "job-bookmark-to", "JOB_ID", "JOB_RUN_ID", "JOB_NAME",
             "SECURITY_CONFIGURATION", "encryption-type", "enable-data-lineage", "RedshiftTempDir", "TempDir"]


def getResolvedOptions(args, options):
    """The named options of sys.argv (each is required), and those of Glue's own that are there: {name: text}."""
    parser = _Parser(allow_abbrev=False)
    wanted = [option.lstrip("-") for option in options]
    for option in dict.fromkeys(wanted):
        parser.add_argument("--" + option, required=True, dest=option.replace("-", "_"))
    for option in _RESERVED:
        if option not in wanted:
            parser.add_argument("--" + option, dest=option.replace("-", "_"), default=None)
    parsed, _ = parser.parse_known_args(args[1:])
    found = {name: value for name, value in vars(parsed).items() if value is not None}
    found.setdefault("job_bookmark_option", "job-bookmark-disable")
    return found
