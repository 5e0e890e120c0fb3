"""Glue's transforms as classes: X.apply(frame=…, …)."""
from awsglue.dynamicframe import DynamicFrame, DynamicFrameCollection

__all__ = ["ApplyMapping", "SelectFields", "DropFields", "RenameField", "ResolveChoice", "Filter", "Map", "Join", "DropNullFields",
           "SelectFromCollection", "Relationalize", "Unbox", "UnnestFrame", "SplitFields", "SplitRows", "Spigot", "FillMissingValues",
           "FindMatches", "FlatMap", "ErrorsAsDynamicFrame", "MergeDynamicFrame", "EvaluateDataQuality", "DynamicFrame",
           "DynamicFrameCollection"]


class GlueTransform:
    @classmethod
    def apply(cls, *args, **kwargs):
        return cls()(*args, **kwargs)

    def __call__(self, *args, **kwargs):
        raise NotImplementedError(f"the transform {type(self).__name__} is not supported")


class ApplyMapping(GlueTransform):
    def __call__(self, frame, mappings, **_):
        return frame.apply_mapping(mappings)


class SelectFields(GlueTransform):
    def __call__(self, frame, paths=(), **_):
        return frame.select_fields(paths)


class DropFields(GlueTransform):
    def __call__(self, frame, paths, **_):
        return frame.drop_fields(paths)


class RenameField(GlueTransform):
    def __call__(self, frame, old_name, new_name, **_):
        return frame.rename_field(old_name, new_name)


class ResolveChoice(GlueTransform):
    def __call__(self, frame, specs=None, choice="", database=None, table_name=None, **_):
        return frame.resolveChoice(specs, choice, database, table_name)


class Filter(GlueTransform):
    def __call__(self, frame, f, **_):
        return frame.filter(f)


class Map(GlueTransform):
    def __call__(self, frame, f, **_):
        return frame.map(f)


class Join(GlueTransform):
    def __call__(self, frame1, frame2, keys1, keys2, **_):
        return frame1.join(keys1, keys2, frame2)


class DropNullFields(GlueTransform):
    def __call__(self, frame, **_):
        return frame.drop_nulls()


class SelectFromCollection(GlueTransform):
    def __call__(self, dfc, key, **_):
        return dfc.select(key)


class Relationalize(GlueTransform):
    pass


class Unbox(GlueTransform):
    pass


class UnnestFrame(GlueTransform):
    pass


class SplitFields(GlueTransform):
    pass


class SplitRows(GlueTransform):
    pass


class Spigot(GlueTransform):
    pass


class FillMissingValues(GlueTransform):
    pass


class FindMatches(GlueTransform):
    pass


class FlatMap(GlueTransform):
    pass


class ErrorsAsDynamicFrame(GlueTransform):
    pass


class MergeDynamicFrame(GlueTransform):
    pass


class EvaluateDataQuality(GlueTransform):
    pass
