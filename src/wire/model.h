/* wire/model.h -- the AWS service models as tables, made at build time from botocore's JSON by tools/gen_models.py.
 * Texts are offsets into model_texts (model_text() reads them), shapes are indexes: no pointers, no relocations.
 * Services are in order of id, operations in order of name within their service. */
#ifndef WEIR_WIRE_MODEL_H
#define WEIR_WIRE_MODEL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODEL_NONE = 0xffff };

typedef enum ModelType {
    TYPE_STRUCTURE, TYPE_LIST, TYPE_MAP, TYPE_STRING, TYPE_INTEGER, TYPE_LONG, TYPE_FLOAT, TYPE_DOUBLE, TYPE_BOOLEAN,
    TYPE_TIMESTAMP, TYPE_BLOB
} ModelType;
typedef enum ModelProtocol {
    PROTOCOL_JSON = 1, PROTOCOL_QUERY = 2, PROTOCOL_EC2 = 4, PROTOCOL_REST_XML = 8, PROTOCOL_REST_JSON = 16,
    PROTOCOL_CBOR = 32
} ModelProtocol;
typedef enum ModelLocation {
    LOCATION_BODY, LOCATION_URI, LOCATION_QUERY, LOCATION_HEADER, LOCATION_HEADERS, LOCATION_STATUS
} ModelLocation;
typedef enum ModelTime { TIME_DEFAULT, TIME_ISO8601, TIME_RFC822, TIME_UNIX } ModelTime;
typedef enum ModelMethod { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT, METHOD_DELETE, METHOD_PATCH } ModelMethod;

enum {
    SHAPE_FLATTENED = 1, SHAPE_EXCEPTION = 2, SHAPE_UNION = 4, SHAPE_WRAPPER = 8, SHAPE_DOCUMENT = 16,
    SHAPE_EVENT_STREAM = 32, SHAPE_SENSITIVE = 64, SHAPE_HAS_MIN = 128, SHAPE_HAS_MAX = 256
};
enum { MEMBER_REQUIRED = 1, MEMBER_FLATTENED = 2, MEMBER_STREAMING = 4, MEMBER_XML_ATTRIBUTE = 8, MEMBER_EVENT_PAYLOAD = 16 };
enum { OPERATION_DEPRECATED = 1, OPERATION_UNSIGNED = 2 };

typedef struct ModelService {
    uint32_t id;           /* "emr": folder of svc/, first column of operations.def */
    uint32_t signing_name; /* "elasticmapreduce": the credential scope */
    uint32_t host_prefix, target_prefix, api_version, xml_namespace, service_id;
    uint16_t protocols;    /* ModelProtocol bits */
    uint16_t first_operation, operations;
    uint8_t json_version;  /* 10, 11 */
} ModelService;

typedef struct ModelOperation {
    uint32_t name, uri, result_wrapper, input_name, input_namespace;
    uint8_t method;        /* ModelMethod */
    uint16_t http_status;
    uint16_t input, output; /* shapes; MODEL_NONE */
    uint16_t first_error, errors;
    uint8_t flags;
} ModelOperation;

typedef struct ModelShape {
    uint32_t name;
    uint8_t type;          /* ModelType */
    uint8_t time;          /* ModelTime */
    uint16_t flags;
    uint32_t first_member; /* structure: its members; list: its item; map: key, value */
    uint16_t members;
    uint16_t payload;      /* structure: which member is the whole HTTP body; MODEL_NONE */
    uint32_t first_enum;
    uint16_t enums;
    int64_t min, max;      /* with SHAPE_HAS_MIN, SHAPE_HAS_MAX */
    uint32_t error_code;   /* query protocols' code of an exception, "" when the name is the code */
    uint16_t http_status;  /* of an exception, 0: 400 */
} ModelShape;

typedef struct ModelMember {
    uint32_t name;         /* by which handlers know it */
    uint32_t location_name, query_name, xml_namespace; /* "" when not given */
    uint16_t shape;
    uint8_t location;      /* ModelLocation */
    uint8_t flags;
    uint8_t time;          /* ModelTime */
} ModelMember;

extern const ModelService model_services[];
extern const size_t model_services_count;
extern const ModelOperation model_operations[];
extern const size_t model_operations_count;
extern const ModelShape model_shapes[];
extern const size_t model_shapes_count;
extern const ModelMember model_members[];
extern const size_t model_members_count;
extern const uint32_t model_enums[];
extern const uint16_t model_errors[];
extern const char model_texts[];

static inline const char *model_text(uint32_t offset) { return model_texts + offset; }
/* The name on the wire: locationName, or the member's own. */
const char *model_member_wire_name(const ModelMember *member);
static inline const ModelShape *model_shape(uint16_t index) { return index == MODEL_NONE ? NULL : &model_shapes[index]; }
static inline const ModelMember *model_member(const ModelShape *shape, size_t at) { return &model_members[shape->first_member + at]; }
static inline const ModelShape *model_member_shape(const ModelMember *member) { return &model_shapes[member->shape]; }

/* All NULL when unknown. */
const ModelService *model_service(const char *id);
const ModelService *model_service_by_target(const char *target_prefix, size_t length);
const ModelService *model_service_by_signing_name(const char *name, size_t length);
const ModelService *model_service_by_version(const char *api_version, const char *action); /* that knows the action */
const ModelOperation *model_operation(const ModelService *service, const char *name);
const ModelMember *model_find_member(const ModelShape *structure, const char *name);
/* The exception shape of that code or name among the operation's errors. */
const ModelShape *model_error(const ModelOperation *operation, const char *code);
/* The protocol that this service speaks when a client gives no sign: the first of JSON, query, ec2, rest-xml, rest-json. */
ModelProtocol model_default_protocol(const ModelService *service);

#endif
