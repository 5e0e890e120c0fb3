/* ir/enums.h -- the values of nodes.def's INT fields that are enumerations. */
#ifndef WEIR_IR_ENUMS_H
#define WEIR_IR_ENUMS_H

typedef enum JoinKind { JOIN_INNER, JOIN_CROSS, JOIN_LEFT, JOIN_RIGHT, JOIN_FULL, JOIN_SEMI, JOIN_ANTI } JoinKind;
typedef enum GroupingKind { GROUPING_PLAIN, GROUPING_ROLLUP, GROUPING_CUBE, GROUPING_SETS, GROUPING_ALL } GroupingKind;
typedef enum SetOpKind { SETOP_UNION, SETOP_INTERSECT, SETOP_EXCEPT } SetOpKind;
typedef enum DataAccess { DATA_UNSAID, DATA_CONTAINS_SQL, DATA_READS_SQL } DataAccess; /* of a SQL function */
typedef enum CastMode { CAST_SESSION, CAST_LEGACY, CAST_ANSI, CAST_TRY, CAST_SHOWN, CAST_HIVE } CastMode; /* SESSION: by spark.sql.ansi.enabled; SHOWN: ToPrettyString; HIVE: HiveResult */
typedef enum SortDirection { SORT_ASC, SORT_DESC } SortDirection;
typedef enum NullOrder { NULLS_DEFAULT, NULLS_FIRST, NULLS_LAST } NullOrder; /* default: first for ASC, last for DESC */
typedef enum FrameUnit { FRAME_ROWS, FRAME_RANGE } FrameUnit;
typedef enum FrameBound { BOUND_UNBOUNDED, BOUND_CURRENT, BOUND_VALUE } FrameBound; /* VALUE: an expression, negative precedes */
typedef enum SubqueryKind { SUBQUERY_SCALAR, SUBQUERY_EXISTS, SUBQUERY_IN, SUBQUERY_TABLE } SubqueryKind;
typedef enum SaveMode { SAVE_ERROR, SAVE_APPEND, SAVE_OVERWRITE, SAVE_IGNORE } SaveMode;
typedef enum TableWriteKind {
    TABLE_SAVE, TABLE_INSERT, TABLE_CREATE, TABLE_REPLACE, TABLE_CREATE_OR_REPLACE, TABLE_OVERWRITE, TABLE_OVERWRITE_PARTITIONS
} TableWriteKind;
typedef enum LoopKind { LOOP_FOREVER, LOOP_WHILE, LOOP_REPEAT } LoopKind;

#endif
