/* fuzz_wire.c -- request bodies of every protocol, by shapes of the models: read or refused, and what was read can be validated
 * and written. The first byte chooses the protocol. */
#include <stddef.h>
#include <stdint.h>

#include "wire/cbor.h"
#include "wire/json.h"
#include "wire/query.h"
#include "wire/validate.h"
#include "wire/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ModelShape *input_of(const char *service, const char *operation)
{
    return model_shape(model_operation(model_service(service), operation)->input);
}

static void use(Arena *a, const ModelShape *shape, const Val *v)
{
    str_auto out = STR_INIT(64 * 1024 * 1024);
    validate_input(a, shape, v, "ValidationException", NULL);
    json_write_shape(&out, shape, v);
    cbor_write_shape(&out, shape, v);
    xml_write_members(&out, shape, v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    arena_auto *a = arena_new();
    const char *text = arena_copy(a, data + 1, size - 1);
    const ModelShape *shape = NULL;
    HttpPairs form;
    Val *v = NULL;
    Status status = ST_INVALID;
    size--;
    switch (data[0] % 6) {
    case 0: status = json_read_shape(a, shape = input_of("emr", "RunJobFlow"), text, size, &v, NULL); break;
    case 1: status = xml_read_shape(a, shape = input_of("s3", "PutBucketLifecycleConfiguration"), text, size, &v, NULL); break;
    case 2: status = cbor_read_shape(a, shape = input_of("cloudwatch", "PutMetricData"), text, size, &v, NULL); break;
    case 3:
    case 4:
        shape = data[0] % 6 == 3 ? input_of("redshift", "CreateCluster") : input_of("ec2", "RunInstances");
        if (form_read(a, text, size, &form, NULL) == ST_OK)
            status = query_read_shape(a, shape, data[0] % 6 == 4, &form, &v, NULL);
        break;
    default: val_from_json(a, text, size, &v); break;
    }
    if (status == ST_OK)
        use(a, shape, v);
    return 0;
}
