"""GlueContext: a session's sources and sinks of DynamicFrames: the catalog, and S3."""
import logging

from awsglue.dynamicframe import DynamicFrame, _quoted

_READ = {"csv": "csv", "json": "json", "parquet": "parquet", "glueparquet": "parquet"}
# SerDes and file formats of a table that a sink makes. Source: the tables that Glue's crawlers make.
_HIVE = {
    "parquet": ("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"),
    "json": ("org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
             "org.openx.data.jsonserde.JsonSerDe"),
    "csv": ("org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
}


def _format(name):
    if name not in _READ:
        raise NotImplementedError(f"the format '{name}' is not supported: {', '.join(sorted(_READ))}")
    return _READ[name]


def _s3_only(connection_type):
    if connection_type not in ("s3", "file"):
        raise NotImplementedError(f"the connection type '{connection_type}' is not supported: only s3")


def _refuse_unknown(options, known, what):
    for name in options:
        if name not in known:
            raise NotImplementedError(f"{what} does not support '{name}'")


def _csv_options(options):
    """Glue's format_options for CSV as Spark's."""
    _refuse_unknown(options, {"separator", "quoteChar", "escaper", "withHeader", "writeHeader", "multiline", "skipFirst", "strictCheckForQuoting",
                              "optimizePerformance"}, "the CSV format")
    if options.get("skipFirst"):
        raise NotImplementedError("the CSV format does not support 'skipFirst'")
    quote = options.get("quoteChar", '"')
    spark = {"sep": options.get("separator", ","), "quote": "" if quote in (-1, "-1") else quote}
    if options.get("escaper"):
        spark["escape"] = options["escaper"]
    if options.get("multiline"):
        spark["multiLine"] = "true"
    return spark


def _folder(text):
    """A name as it stands in a partition's path. Source: ExternalCatalogUtils.escapePathName."""
    return "".join(f"%{ord(c):02X}" if c < " " or c in "\"#%'*/:=?\\\x7f{[]^" else c for c in text)


def _true(value):
    return value is True or str(value).lower() == "true"


class _Reader:
    def __init__(self, context):
        self._context = context

    def from_catalog(self, database=None, table_name=None, redshift_tmp_dir="", transformation_ctx="", push_down_predicate="",
                     additional_options=None, catalog_id=None, name_space=None, **kwargs):
        _refuse_unknown(kwargs, set(), "create_dynamic_frame.from_catalog")
        df = self._context.spark_session.table(f"{_quoted(database or name_space)}.{_quoted(table_name)}")
        predicate = push_down_predicate or (additional_options or {}).get("catalogPartitionPredicate")
        return DynamicFrame(df.where(predicate) if predicate else df, self._context, table_name)

    def from_options(self, connection_type, connection_options=None, format=None, format_options=None, transformation_ctx="",
                     push_down_predicate="", **kwargs):
        _s3_only(connection_type)
        _refuse_unknown(kwargs, set(), "create_dynamic_frame.from_options")
        options, settings = connection_options or {}, format_options or {}
        paths = options.get("paths") or [options["path"]]
        kind, reader = _format(format), self._context.spark_session.read
        if options.get("exclusions"):
            raise NotImplementedError("create_dynamic_frame.from_options does not support 'exclusions'")
        header = kind == "csv" and _true(settings.get("withHeader", False))
        if kind == "csv":
            reader = reader.options(**_csv_options(settings)).option("header", header)
        elif kind == "json" and _true(settings.get("multiline", False)):
            reader = reader.option("multiLine", True)
        df = reader.format(kind).load(list(paths))
        if kind == "csv" and not header:
            df = df.toDF(*["col" + name[2:] if name.startswith("_c") else name for name in df.columns])
        return DynamicFrame(df.where(push_down_predicate) if push_down_predicate else df, self._context)


class _Sink:
    """getSink: files, and, when asked, the catalog's table and its partitions."""

    def __init__(self, context, path, options):
        self._context, self._path, self._options = context, path, options
        self._format, self._settings, self._table = None, {}, None

    def setFormat(self, format, **settings):
        self._format, self._settings = _format(format), settings

    def setCatalogInfo(self, catalogDatabase=None, catalogTableName=None, catalogId=None):
        self._table = (catalogDatabase, catalogTableName)

    def setAccumulableSize(self, size):
        pass

    def writeFrame(self, frame, info=""):
        if self._format is None:
            raise ValueError("setFormat() comes before writeFrame()")
        keys = list(self._options.get("partitionKeys") or [])
        self._context._write(frame, self._path, self._format, keys, self._settings)
        if _true(self._options.get("enableUpdateCatalog", False)):
            if not self._table:
                raise ValueError("enableUpdateCatalog needs setCatalogInfo()")
            self._context._publish(frame, self._path, self._format, keys, *self._table,
                                   update=self._options.get("updateBehavior", "UPDATE_IN_DATABASE") == "UPDATE_IN_DATABASE")
        return frame

    write = writeFrame


class _Writer:
    def __init__(self, context):
        self._context = context

    def from_options(self, frame, connection_type, connection_options=None, format="parquet", format_options=None, transformation_ctx="", **kwargs):
        _s3_only(connection_type)
        _refuse_unknown(kwargs, {"accumulator_size"}, "write_dynamic_frame.from_options")
        options = connection_options or {}
        self._context._write(frame, options["path"], _format(format), list(options.get("partitionKeys") or []), format_options or {})
        return frame

    def from_catalog(self, frame, database=None, table_name=None, redshift_tmp_dir="", transformation_ctx="", additional_options=None,
                     catalog_id=None, name_space=None, **kwargs):
        _refuse_unknown(kwargs, {"accumulator_size"}, "write_dynamic_frame.from_catalog")
        database, options = database or name_space, additional_options or {}
        table = self._context._glue().get_table(DatabaseName=database, Name=table_name)["Table"]
        kind = _format(table.get("Parameters", {}).get("classification", ""))
        keys = [key["Name"] for key in table.get("PartitionKeys", [])]
        path = table["StorageDescriptor"]["Location"]
        settings = {}
        if kind == "csv":
            settings = {"separator": table["Parameters"].get("delimiter", ","),
                        "writeHeader": table["Parameters"].get("skip.header.line.count", "0") != "0"}
        self._context._write(frame, path, kind, keys, settings)
        if _true(options.get("enableUpdateCatalog", False)):
            self._context._publish(frame, path, kind, keys, database, table_name, update=True)
        return frame


class GlueContext:
    def __init__(self, sparkContext=None, **options):
        from pyspark.sql import SparkSession
        self.spark_session = SparkSession.builder.getOrCreate()
        self.sc = self._sc = sparkContext
        self.create_dynamic_frame = _Reader(self)
        self.write_dynamic_frame = _Writer(self)

    def get_logger(self):
        logging.basicConfig(level=logging.INFO)
        return logging.getLogger("GlueLogger")

    getLogger = get_logger

    def getCatalogSource(self, database=None, table_name=None, **_):
        raise NotImplementedError("GlueContext.getCatalogSource is not supported")

    def create_dynamic_frame_from_catalog(self, database, table_name, *args, **kwargs):
        return self.create_dynamic_frame.from_catalog(database, table_name, *args, **kwargs)

    def create_dynamic_frame_from_options(self, connection_type, *args, **kwargs):
        return self.create_dynamic_frame.from_options(connection_type, *args, **kwargs)

    def write_dynamic_frame_from_options(self, frame, connection_type, *args, **kwargs):
        return self.write_dynamic_frame.from_options(frame, connection_type, *args, **kwargs)

    def write_dynamic_frame_from_catalog(self, frame, database, table_name, *args, **kwargs):
        return self.write_dynamic_frame.from_catalog(frame, database, table_name, *args, **kwargs)

    def create_data_frame_from_catalog(self, database, table_name, **kwargs):
        return self.create_dynamic_frame.from_catalog(database, table_name, **kwargs).toDF()

    def getSink(self, connection_type, format=None, transformation_ctx="", path=None, **options):
        _s3_only(connection_type)
        _refuse_unknown(options, {"partitionKeys", "enableUpdateCatalog", "updateBehavior", "compression"}, "getSink")
        sink = _Sink(self, path, options)
        if format:
            sink.setFormat(format)
        return sink

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotImplementedError(f"GlueContext.{name} is not supported")

    # --- what sinks share ---

    def _write(self, frame, path, kind, keys, settings):
        frame = frame.toDF() if isinstance(frame, DynamicFrame) else frame
        writer = frame.write.mode("append")
        if kind == "csv":
            writer = writer.options(**_csv_options(settings)).option("header", _true(settings.get("writeHeader", True)))
        if keys:
            writer = writer.partitionBy(*keys)
        writer.format(kind).save(path)

    def _glue(self):
        import boto3
        return boto3.client("glue")

    def _publish(self, frame, path, kind, keys, database, table_name, update):
        """The catalog's table for what was written there: made when it is new, then its partitions."""
        df, glue = frame.toDF() if isinstance(frame, DynamicFrame) else frame, self._glue()
        path = path if path.endswith("/") else path + "/"
        types = {field.name: field.dataType.simpleString() for field in df.schema.fields}
        input_format, output_format, serde = _HIVE[kind]
        storage = {"Columns": [{"Name": name.lower(), "Type": types[name]} for name in df.columns if name not in keys], "Location": path,
                   "InputFormat": input_format, "OutputFormat": output_format,
                   "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {"field.delim": ","} if kind == "csv" else {"serialization.format": "1"}}}
        parameters = {"classification": kind, **({"delimiter": ",", "skip.header.line.count": "1"} if kind == "csv" else {})}
        table = {"Name": table_name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage, "Parameters": parameters,
                 "PartitionKeys": [{"Name": key.lower(), "Type": types[key]} for key in keys]}
        try:
            known = glue.get_table(DatabaseName=database, Name=table_name)["Table"]
        except glue.exceptions.EntityNotFoundException:
            known = None
            glue.create_table(DatabaseName=database, TableInput=table)
        if known and update and known["StorageDescriptor"]["Columns"] != storage["Columns"]:
            old = {column["Name"]: column for column in known["StorageDescriptor"]["Columns"]}
            storage["Columns"] = [*old.values(), *[column for column in storage["Columns"] if column["Name"] not in old]]
            glue.update_table(DatabaseName=database, TableInput=table)
        if keys:
            self._publish_partitions(df, glue, path, keys, database, table_name, storage)

    def _publish_partitions(self, df, glue, path, keys, database, table_name, storage):
        rows = [["__HIVE_DEFAULT_PARTITION__" if value is None else str(value) for value in row] for row in df.select(*keys).distinct().collect()]
        inputs = [{"Values": values, "StorageDescriptor": {**storage, "Location": path + "/".join(f"{_folder(k)}={_folder(v)}" for k, v in zip(keys, values)) + "/"}}
                  for values in rows]
        for start in range(0, len(inputs), 100):
            answer = glue.batch_create_partition(DatabaseName=database, TableName=table_name, PartitionInputList=inputs[start:start + 100])
            wrong = [e for e in answer.get("Errors", []) if e["ErrorDetail"]["ErrorCode"] != "AlreadyExistsException"]
            if wrong:
                raise RuntimeError(f"partitions of {database}.{table_name}: {wrong[0]['ErrorDetail']['ErrorMessage']}")
