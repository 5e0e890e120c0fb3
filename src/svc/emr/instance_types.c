/* svc/emr/instance_types.c -- looking EC2 instance types up. */
#include "base/str.h"
#include "svc/emr/internal.h"

typedef struct Family {
    const char *name;
    int64_t memory_mib, price_micros; /* of one vCPU */
} Family;
typedef struct Size {
    const char *name;
    int64_t vcpus, units;
} Size;
typedef struct Type {
    const char *name;
    int64_t vcpus, memory_mib, price_micros;
} Type;

#define FAMILY(name, memory, price) { name, memory, price },
#define SIZE(name, vcpus, units)
#define TYPE(name, vcpus, memory, price)
static const Family families[] = {
#include "svc/emr/instance_types.def"
};
#undef FAMILY
#undef SIZE
#define FAMILY(name, memory, price)
#define SIZE(name, vcpus, units) { name, vcpus, units },
static const Size sizes[] = {
#include "svc/emr/instance_types.def"
};
#undef SIZE
#undef TYPE
#define SIZE(name, vcpus, units)
#define TYPE(name, vcpus, memory, price) { name, vcpus, memory, price },
static const Type types[] = {
#include "svc/emr/instance_types.def"
};
#define LEN(array) (sizeof(array) / sizeof(array)[0])

static const int64_t MIB = 1 << 20;

static const Size *size_of(const char *name)
{
    for (size_t i = 0; i < LEN(sizes); i++)
        if (str_eq(sizes[i].name, name))
            return &sizes[i];
    return NULL;
}

bool instance_type_find(const char *name, InstanceType *ret_type)
{
    const char *dot = strchr(name, '.');
    if (!dot)
        return false;
    const Size *size = size_of(dot + 1);
    int64_t units = size ? size->units : 1; /* .small */
    for (size_t i = 0; i < LEN(types); i++)
        if (str_eq(types[i].name, name)) {
            *ret_type = (InstanceType){ types[i].vcpus, types[i].memory_mib * MIB, units, types[i].price_micros };
            return true;
        }
    for (size_t i = 0; size && i < LEN(families); i++)
        if (strlen(families[i].name) == (size_t)(dot - name) && !strncmp(families[i].name, name, (size_t)(dot - name))) {
            *ret_type = (InstanceType){ size->vcpus, size->vcpus * families[i].memory_mib * MIB, units,
                                        size->vcpus * families[i].price_micros };
            return true;
        }
    return false;
}
