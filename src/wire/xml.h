/* wire/xml.h -- XML to values and back by the shapes of a service model (rest-xml bodies, query and EC2 responses).
 * Entities and DTDs are refused: expat never expands what a client declares. */
#ifndef WEIR_WIRE_XML_H
#define WEIR_WIRE_XML_H
#include "base/status.h"
#include "base/str.h"
#include "wire/model.h"
#include "wire/val.h"

/* The root element's content as that shape, whatever the root's name. ST_INVALID with MalformedXML. */
Status xml_read_shape(Arena *a, const ModelShape *shape, const char *text, size_t length, Val **ret_value, Error *err);

void xml_write_text(Str *out, const char *text, size_t length); /* escaped */
void xml_write_element(Str *out, const char *name, const char *text);
/* <name xmlns="namespace">…</name>; namespace "" for none. */
void xml_write_shape(Str *out, const char *name, const char *namespace, const ModelShape *shape, const Val *v);
/* The members alone, without an element around; only those in the body. */
void xml_write_members(Str *out, const ModelShape *shape, const Val *v);

#endif
