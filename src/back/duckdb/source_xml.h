/* back/duckdb/source_xml.h -- XML as Spark reads it: the options, and a text as a stream of tokens that are pulled one by one.
 *
 * The stream is the one that Woodstox gives with Spark's settings: no namespaces (`x:a` is a name), text, character references and CDATA
 * in one piece, comments and processing instructions left out (what stands around one are two texts), the document type passed over:
 * nothing is declared by it, so an entity that is not one of XML's five cannot be read, and nothing outside of the text is looked at. What
 * stands before an error is delivered, then the error, for good (but behind an entity that is not known reading may go on): that is why this is not libxml2's reader, which does not deliver it.
 * A text is valid UTF-8. Source: XmlOptions, StaxXmlParserUtils, com.ctc.wstx of hadoop-client-runtime 3.4. */
#ifndef WEIR_BACK_DUCKDB_SOURCE_XML_H
#define WEIR_BACK_DUCKDB_SOURCE_XML_H
#include "back/duckdb/source_internal.h"

typedef struct XmlOptions {
    View row_tag, attribute_prefix, value_tag, wildcard;
    View null_value;                  /* data NULL: none */
    bool exclude_attributes, trim, infer, prefers_decimal, prefer_date, ignore_namespace, multi_line, case_sensitive;
} XmlOptions;

/* ST_INVALID for a value that the option does not have, ST_UNSUPPORTED for an option that weir does not do. `format`: of files, whose
 * rowTag must be given. */
Status xml_options(Arena *a, const KeyValueList *options, bool format, XmlOptions *ret_options, Error *err);
/* What formats share: mode, zone, patterns, the corrupt record's column. A date is yyyy-MM-dd and nothing else unless it is said otherwise. */
Status xml_common(Arena *a, const XmlOptions *o, const KeyValueList *options, const char *time_zone, CsvOptions *ret_common, Error *err);

enum { XML_DEPTH = 1000, XML_ATTRIBUTES = 1000 }; /* Woodstox's limits */

typedef enum XmlKind { XML_START, XML_END, XML_TEXT, XML_DONE, XML_FAILED } XmlKind;
typedef struct XmlAttribute {
    View name, value;
} XmlAttribute;
typedef struct XmlToken {
    XmlKind kind;
    View name;                        /* START, END */
    View text;                        /* TEXT */
    bool blank;                       /* TEXT: nothing but white space */
    const XmlAttribute *attributes;   /* START */
    size_t nattributes;
} XmlToken;

typedef struct XmlReader {
    Arena *a;                         /* of the tokens: the caller may take another one between two of them */
    const char *at, *end;
    View *open;                       /* names of the elements that are open */
    size_t depth, room;
    bool started, typed, rooted, failed, ended; /* typed: a document type was there; ended: by the text's end */
    bool unknown;                     /* the reference that cannot be read is one of an entity */
    bool closing;                     /* an empty element's end comes next */
    bool peeked;
    XmlToken next;
} XmlReader;

/* Texts and names of tokens point into `text` where nothing is escaped. */
void xml_reader_init(XmlReader *r, Arena *a, View text);
void xml_reader_done(XmlReader *r);
#define xml_reader_auto __attribute__((cleanup(xml_reader_done))) XmlReader
const XmlToken *xml_peek(XmlReader *r); /* good until the next xml_next() */
XmlToken xml_next(XmlReader *r);

/* Goes on to the next record: the start of an element of the option rowTag, wherever it stands. False: there is none, or the text ends or
 * fails before (r->failed; r->ended: it is cut off). */
bool xml_next_record(const XmlOptions *o, XmlReader *r, XmlToken *ret_start);
/* A file's bytes as UTF-8, by its byte order mark and what its declaration says; the option encoding has no effect. Fails when they are no
 * text. */
Status xml_decode(Arena *a, const char *name, View bytes, View *ret_text, Error *err);

/* XML 1.0's names, as Woodstox has them; `c` is a code point. */
bool xml_name_start(unsigned c);
bool xml_name_part(unsigned c);

/* String.trim */
View xml_trim(View v);
/* The name without its prefix when the option says so. */
View xml_name(const XmlOptions *o, View name);
/* An attribute's value, trimmed; false when it is null. */
bool xml_attribute_value(const XmlOptions *o, View v, View *ret_value);
bool xml_is_null(const XmlOptions *o, View v);

#endif
