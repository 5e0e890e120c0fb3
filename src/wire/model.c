/* wire/model.c -- finding things in the service models. */
#include "wire/model.h"

#include "base/str.h"

const char *model_member_wire_name(const ModelMember *member)
{
    return model_text(member->location_name ? member->location_name : member->name);
}

const ModelService *model_service(const char *id)
{
    for (size_t i = 0; i < model_services_count; i++)
        if (str_eq(model_text(model_services[i].id), id))
            return &model_services[i];
    return NULL;
}

static bool same(uint32_t text, const char *name, size_t length)
{
    const char *known = model_text(text);
    return length > 0 && strlen(known) == length && memcmp(known, name, length) == 0;
}

const ModelService *model_service_by_target(const char *target_prefix, size_t length)
{
    for (size_t i = 0; i < model_services_count; i++)
        if (same(model_services[i].target_prefix, target_prefix, length))
            return &model_services[i];
    return NULL;
}

const ModelService *model_service_by_signing_name(const char *name, size_t length)
{
    for (size_t i = 0; i < model_services_count; i++)
        if (same(model_services[i].signing_name, name, length))
            return &model_services[i];
    return NULL;
}

const ModelService *model_service_by_version(const char *api_version, const char *action)
{
    for (size_t i = 0; i < model_services_count; i++)
        if (str_eq(model_text(model_services[i].api_version), api_version) && model_operation(&model_services[i], action))
            return &model_services[i];
    return NULL;
}

const ModelOperation *model_operation(const ModelService *service, const char *name)
{
    size_t low = service->first_operation, high = low + service->operations;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(model_text(model_operations[middle].name), name);
        if (order == 0)
            return &model_operations[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const ModelMember *model_find_member(const ModelShape *structure, const char *name)
{
    for (size_t i = 0; i < structure->members; i++)
        if (str_eq(model_text(model_member(structure, i)->name), name))
            return model_member(structure, i);
    return NULL;
}

const ModelShape *model_error(const ModelOperation *operation, const char *code)
{
    for (size_t i = 0; i < operation->errors; i++) {
        const ModelShape *shape = &model_shapes[model_errors[operation->first_error + i]];
        if (str_eq(model_text(shape->name), code) || (shape->error_code && str_eq(model_text(shape->error_code), code)))
            return shape;
    }
    return NULL;
}

ModelProtocol model_default_protocol(const ModelService *service)
{
    static const ModelProtocol order[] = { PROTOCOL_JSON, PROTOCOL_QUERY, PROTOCOL_EC2, PROTOCOL_REST_XML, PROTOCOL_REST_JSON };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (service->protocols & order[i])
            return order[i];
    return PROTOCOL_CBOR;
}
