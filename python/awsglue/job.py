"""Job: a script's begin and commit. Bookmarks are off: every run reads all of its sources."""


class Job:
    def __init__(self, glue_context):
        self.glue_context = glue_context
        self.initialized = False
        self.name = None

    def init(self, job_name, args=None):
        option = (args or {}).get("job_bookmark_option", "job-bookmark-disable")
        if option != "job-bookmark-disable":
            raise NotImplementedError(f"job bookmarks are not supported: --job-bookmark-option {option}")
        self.name = job_name
        self.initialized = True

    def isInitialized(self):
        return self.initialized

    def commit(self):
        if not self.initialized:
            raise RuntimeError("Job.commit() was called before Job.init()")
