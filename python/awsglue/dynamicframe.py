"""DynamicFrame over a DataFrame. A DataFrame has one type for each column, so the choices that Glue keeps open are settled when
data is read. Functions of Python rows (filter, map) run in the script's own process."""
import json

from pyspark.sql import functions as F
from pyspark.sql import types as T

# Types by Glue's names, as mappings and casts use them.
_TYPES = {"long": "bigint", "short": "smallint", "byte": "tinyint", "integer": "int", "bool": "boolean"}


def _spark_type(name):
    return _TYPES.get(name.lower(), name)


def _column(path):
    """A field by its path: "a.b" goes into structs, `a.b` in backquotes is one name."""
    return F.col(path)


def _name(path):
    return path[1:-1] if path.startswith("`") and path.endswith("`") else path


def _quoted(name):
    return "`" + name.replace("`", "``") + "`"


class DynamicFrame:
    def __init__(self, df, glue_ctx, name=""):
        self._df, self.glue_ctx, self.name = df, glue_ctx, name

    @classmethod
    def fromDF(cls, dataframe, glue_ctx, name=""):
        return cls(dataframe, glue_ctx, name)

    def toDF(self, options=None):
        if options:
            raise NotImplementedError("DynamicFrame.toDF(options) is not supported")
        return self._df

    def _with(self, df, name=""):
        return DynamicFrame(df, self.glue_ctx, name or self.name)

    def schema(self):
        return self._df.schema

    def printSchema(self):
        self._df.printSchema()

    def show(self, num_rows=20):
        for row in self._df.limit(num_rows).collect():
            print(json.dumps(row.asDict(recursive=True), default=str))

    def count(self):
        return self._df.count()

    def getNumPartitions(self):
        return 1

    def repartition(self, num_partitions, *_, **__):
        return self._with(self._df.repartition(num_partitions))

    def coalesce(self, num_partitions, *_, **__):
        return self._with(self._df.coalesce(num_partitions))

    def select_fields(self, paths, *_, **__):
        return self._with(self._df.select([_column(path) for path in _list(paths)]))

    def drop_fields(self, paths, *_, **__):
        df = self._df
        for path in _list(paths):
            if "." in path and not path.startswith("`"):
                top, rest = path.split(".", 1)
                df = df.withColumn(top, F.col(top).dropFields(rest))
            else:
                df = df.drop(_name(path))
        return self._with(df)

    def rename_field(self, oldName, newName, *_, **__):
        if "." in oldName and not oldName.startswith("`"):
            raise NotImplementedError(f"DynamicFrame.rename_field of a nested field: {oldName}")
        return self._with(self._df.withColumnRenamed(_name(oldName), _name(newName)))

    def apply_mapping(self, mappings, *_, **__):
        """(source, source type, target, target type), or the pairs (source, target) and (source, target, target type)."""
        columns = []
        for mapping in mappings:
            if len(mapping) == 4:
                source, _, target, kind = mapping
            elif len(mapping) in (2, 3):
                source, target, kind = (*mapping, None)[:3]
            else:
                raise ValueError(f"a mapping has 2 to 4 parts: {mapping}")
            if "." in target and not target.startswith("`"):
                raise NotImplementedError(f"ApplyMapping to a nested field: {target}")
            column = _column(source)
            columns.append((column.cast(_spark_type(kind)) if kind and kind not in ("struct", "array", "map", "choice") else column)
                           .alias(_name(target)))
        return self._with(self._df.select(columns))

    def resolveChoice(self, specs=None, choice="", database=None, table_name=None, *_, **__):
        """Types are settled already: casts and projections are done, the others leave a column as it is."""
        if specs and choice:
            raise ValueError("specs and choice cannot both be given")
        if choice == "match_catalog":
            return self._match_catalog(database, table_name)
        known = {field.name for field in self._df.schema.fields}
        df = self._df
        for path, action in specs or [(_quoted(name), choice) for name in known if choice]:
            kind, _, target = action.partition(":")
            if kind not in ("cast", "project", "make_cols", "make_struct"):
                raise ValueError(f"resolveChoice has no action '{action}'")
            if kind in ("cast", "project") and _name(path) in known:
                df = df.withColumn(_name(path), _column(path).cast(_spark_type(target)))
        return self._with(df)

    def _match_catalog(self, database, table_name):
        types = {field.name.lower(): field.dataType for field in self.glue_ctx.spark_session.table(f"{_quoted(database)}.{_quoted(table_name)}")
                 .schema.fields}
        return self._with(self._df.select([F.col(_quoted(field.name)).cast(types.get(field.name.lower(), field.dataType)).alias(field.name)
                                           for field in self._df.schema.fields]))

    def filter(self, f, *_, **__):
        kept = [row for row in self._df.toLocalIterator() if f(row.asDict(recursive=True))]
        return self._with(self.glue_ctx.spark_session.createDataFrame(kept, self._df.schema))

    def map(self, f, *_, **__):
        mapped = [f(row.asDict(recursive=True)) for row in self._df.toLocalIterator()]
        if not mapped:
            return self._with(self._df.limit(0))
        return self._with(self.glue_ctx.spark_session.createDataFrame(mapped))

    def join(self, paths1, paths2, frame2, *_, **__):
        left, right = self._df, frame2._df
        paths1, paths2 = _list(paths1), _list(paths2)
        both = [name for name in right.columns if name in left.columns]
        for name in both:  # as Glue does: the right one's are marked
            right = right.withColumnRenamed(name, "." + name)
        keys = [F.col(_quoted(_name(a))) == F.col(_quoted("." + _name(b) if _name(b) in both else _name(b))) for a, b in zip(paths1, paths2)]
        condition = keys[0]
        for key in keys[1:]:
            condition = condition & key
        return self._with(left.join(right, condition, "inner"))

    def union(self, other, *_, **__):
        return self._with(self._df.unionByName(other._df, allowMissingColumns=True))

    def drop_nulls(self):
        void = [field.name for field in self._df.schema.fields if isinstance(field.dataType, T.NullType)]
        return self._with(self._df.drop(*void) if void else self._df)

    def errorsCount(self):
        return 0

    def stageErrorsCount(self):
        return 0

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotImplementedError(f"DynamicFrame.{name} is not supported")


class DynamicFrameCollection(dict):
    def __init__(self, dynamic_frames, glue_ctx):
        super().__init__(dynamic_frames)
        self.glue_ctx = glue_ctx

    def select(self, key):
        return self[key]


def _list(paths):
    return [paths] if isinstance(paths, str) else list(paths)
