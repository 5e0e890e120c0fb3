/* svc/glue/registry.h -- what the two halves of the schema registry share. */
#ifndef WEIR_SVC_GLUE_REGISTRY_H
#define WEIR_SVC_GLUE_REGISTRY_H
#include "svc/glue/internal.h"

extern const RecordKind schema_kind;
extern const char schema_version_kind[];

/* Letters, digits and `extra` only. */
Status registry_check_text(const char *text, const char *extra, const char *parameter, Error *err);
/* AVRO and JSON must be JSON; a PROTOBUF definition is taken as it is. */
Status registry_check_definition(Call *call, const char *format, const char *definition, Error *err);
Status registry_schema_load(Call *call, const Val *id, Record *ret_record, Error *err); /* by a SchemaId */
Status registry_version_add(Call *call, const Record *schema, int64_t number, const char *definition, const char **ret_id, Error *err);

#endif
