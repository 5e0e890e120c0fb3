/* back/duckdb/source_xml_value.h -- XML elements as values of a schema: a tree first, since an element's column may be met again, or given up.
 * Source: StaxXmlParser. */
#ifndef WEIR_BACK_DUCKDB_SOURCE_XML_VALUE_H
#define WEIR_BACK_DUCKDB_SOURCE_XML_VALUE_H
#include "back/duckdb/source_scan.h"
#include "back/duckdb/source_xml.h"

typedef struct XmlValue XmlValue;
struct XmlValue {
    bool set;             /* false: null */
    int64_t integer;      /* BOOLEAN, integers, DATE (days), TIMESTAMP (microseconds) */
    double real;
    i128 decimal;
    View text;            /* STRING, BINARY, VARIANT */
    XmlValue *items;      /* of an array, a map, a struct (one for each field) */
    View *keys;           /* of a map */
    size_t n, room;
};

/* PARTIAL: the element holds what its columns cannot, what was read before it and behind it is there. BAD: there is no value. */
typedef enum XmlOutcome { XML_GOOD, XML_PARTIAL, XML_BAD } XmlOutcome;
/* An element whose start was taken, with its attributes, as a STRUCT; reads up to its end, or to where reading ended. Texts live in the
 * reader's arena or in the text. */
XmlOutcome xml_read_struct(const ScanPlan *plan, XmlReader *r, const Type *schema, const XmlToken *start, XmlValue *ret_value);
/* The same as a VARIANT, in the engine's form; `start` NULL: without attributes. False: the text is no XML, or the value too large. */
bool xml_read_variant(const XmlOptions *o, XmlReader *r, const XmlToken *start, View *ret_variant);
/* A text as a VARIANT. */
bool xml_text_variant(const XmlOptions *o, XmlReader *r, View text, View *ret_variant);
/* Puts a value into a row of a vector of its type. */
void xml_write(ScanLocal *l, const Type *t, const XmlValue *value, duckdb_vector vector, idx_t row);

#endif
