"""What scripts ask the JVM for behind PySpark's back: `sc._jsc.hadoopConfiguration()` and log4j's loggers. There is no JVM:
every other name fails when it is called, and says which it was."""
import sys
import time

LEVELS = ("ALL", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "OFF")


class Configuration:
    """org.apache.hadoop.conf.Configuration over the session's settings, where weir looks for them."""

    def __init__(self, session):
        self._conf = session.conf

    def set(self, name, value):
        self._conf.set(name, value)

    def setIfUnset(self, name, value):
        if self.get(name) is None:
            self.set(name, value)

    def setInt(self, name, value):
        self._conf.set(name, str(value))

    setLong = setDouble = setInt

    def setBoolean(self, name, value):
        self._conf.set(name, "true" if value else "false")

    def get(self, name, missing=None):
        return self._conf.get(name, missing)

    def getBoolean(self, name, missing):
        found = self._conf.get(name, None)
        return missing if found is None else found.strip().lower() == "true"

    def getInt(self, name, missing):
        found = self._conf.get(name, None)
        return missing if found is None else int(found)

    getLong = getInt

    def unset(self, name):
        self._conf.unset(name)

    def __getattr__(self, name):
        raise unsupported("_jsc.hadoopConfiguration().%s" % name)


class JavaContext:
    """sc._jsc"""

    def __init__(self, context):
        self._context = context

    def hadoopConfiguration(self):
        return Configuration(self._context._session)

    def __getattr__(self, name):
        raise unsupported("_jsc.%s" % name)


class Logger:
    """org.apache.log4j.Logger: lines on stderr in the pattern of Spark's own."""

    def __init__(self, context, name):
        self._context, self._name, self._level = context, name, None

    def setLevel(self, level):
        self._level = str(level).upper()

    def getName(self):
        return self._name

    def getLevel(self):
        return self._level

    def _threshold(self):
        return self._level or self._context.__dict__.get("_log_level", "INFO")

    def _say(self, level, message, *more):
        if LEVELS.index(level) >= LEVELS.index(self._threshold()):
            print(time.strftime("%y/%m/%d %H:%M:%S"), level, self._name + ":", message, *more, file=sys.stderr, flush=True)


def method_of(level):
    return lambda self, message, *more: self._say(level, message, *more)


def enabled_of(level):
    return lambda self: LEVELS.index(level) >= LEVELS.index(self._threshold())


for _level in LEVELS[1:-1]:
    setattr(Logger, _level.lower(), method_of(_level))
    setattr(Logger, "is%sEnabled" % _level.title(), enabled_of(_level))


class Loggers:
    """org.apache.log4j.LogManager, and the static methods of Logger."""

    def __init__(self, context):
        self._context = context

    def getLogger(self, name="root"):
        known = self._context.__dict__.setdefault("_loggers", {})
        return known.setdefault(str(name), Logger(self._context, str(name)))

    def getRootLogger(self):
        return self.getLogger()


class Levels:
    def __getattr__(self, name):
        if name in LEVELS:
            return name
        raise unsupported("_jvm.org.apache.log4j.Level.%s" % name)

    def toLevel(self, name):
        return str(name).upper()


class Package:
    """sc._jvm and what is below it."""

    def __init__(self, context, name=""):
        self._context, self._name = context, name

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        whole = "%s.%s" % (self._name, name) if self._name else name
        package, _, last = whole.rpartition(".")
        if package in ("org.apache.log4j", "org.apache.logging.log4j"):
            if last in ("LogManager", "Logger"):
                return Loggers(self._context)
            if last == "Level":
                return Levels()
        return Package(self._context, whole)

    def __call__(self, *args):
        raise unsupported("_jvm.%s" % self._name)


def unsupported(name):
    from weir_classic.context import unsupported as of_context

    return of_context(name)
