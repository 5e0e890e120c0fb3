/* back/duckdb/sink_xml.h -- values of Arrow batches as XML: to_xml and files.
 *
 * Columns whose names begin with the option attributePrefix are attributes, a column called valueTag is text, NULLs are not written unless
 * nullValue says how. A document is indented unless the option indent is empty. Source: StaxXmlGenerator, IndentingXMLStreamWriter, and
 * Woodstox's writer, which escapes. */
#ifndef WEIR_BACK_DUCKDB_SINK_XML_H
#define WEIR_BACK_DUCKDB_SINK_XML_H
#include "back/duckdb/sink_internal.h"
#include "back/duckdb/source_xml.h"

typedef struct XmlStyle {
    const char *row_tag, *root_tag, *declaration, *item, *prefix, *value_tag, *indent;
    const char *null_value;      /* NULL: NULLs are left out */
    bool validate_names;
    ValueFormat values;
} XmlStyle;

/* ST_INVALID for values that the options do not have, ST_UNSUPPORTED for options that weir does not do. `format`: of files. */
Status xml_style(Arena *a, const KeyValueList *options, bool format, const char *time_zone, XmlStyle *ret_style, Error *err);
/* ST_UNSUPPORTED: a type inside of `t` that is not written. */
Status xml_check_type(const Type *t, Error *err);

typedef struct XmlWriter {
    const XmlStyle *style;
    Str *out;
    size_t depth;
    bool open;                   /* the last start tag has no '>' yet */
    bool newline;                /* the element that is open ends on a line of its own */
} XmlWriter;

/* Declaration and root; its end. */
Status xml_begin(XmlWriter *w, Error *err);
void xml_end(XmlWriter *w);
/* A STRUCT that is not null, or a batch of columns, as an element of the option rowTag. */
struct ArrowArrayView;
Status xml_row(XmlWriter *w, const struct ArrowArrayView *v, int64_t row, const Type *type, Error *err);

#endif
