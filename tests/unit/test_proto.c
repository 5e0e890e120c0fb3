/* test_proto.c -- the generated protobuf-c code speaks Spark Connect's wire format. Covers tools/gen_protos.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base.pb-c.h"
#include "proto/error_details.pb-c.h"
#include "proto/status.pb-c.h"

static void plan_survives_a_round_trip(void **state)
{
    (void)state;
    Spark__Connect__Range range = SPARK__CONNECT__RANGE__INIT;
    range.has_start = 1;
    range.start = 3;
    range.has_end = 1;
    range.end = 10;
    range.has_step = 1;
    range.step = 2;
    Spark__Connect__Relation relation = SPARK__CONNECT__RELATION__INIT;
    relation.rel_type_case = SPARK__CONNECT__RELATION__REL_TYPE_RANGE;
    relation.range = &range;
    Spark__Connect__Plan plan = SPARK__CONNECT__PLAN__INIT;
    plan.op_type_case = SPARK__CONNECT__PLAN__OP_TYPE_ROOT;
    plan.root = &relation;

    uint8_t bytes[64];
    size_t size = spark__connect__plan__get_packed_size(&plan);
    assert_in_range(size, 1, sizeof bytes);
    assert_int_equal(spark__connect__plan__pack(&plan, bytes), size);

    Spark__Connect__Plan *back = spark__connect__plan__unpack(NULL, size, bytes);
    assert_non_null(back);
    assert_int_equal(back->op_type_case, SPARK__CONNECT__PLAN__OP_TYPE_ROOT);
    assert_int_equal(back->root->rel_type_case, SPARK__CONNECT__RELATION__REL_TYPE_RANGE);
    assert_int_equal(back->root->range->end, 10);
    assert_false(back->root->range->has_num_partitions);
    spark__connect__plan__free_unpacked(back, NULL);
}

/* What pyspark-client 4.1.1 writes for spark.range(3, 10, 2): proto3's rules, which the proto2 code must share. */
static void bytes_of_a_python_client_are_understood(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x0a, 0x0b, 0x0a, 0x00, 0x7a, 0x07, 0x08, 0x03, 0x10, 0x0a, 0x18, 0x02, 0x20};
    assert_null(spark__connect__plan__unpack(NULL, sizeof bytes, bytes)); /* cut off */

    static const uint8_t whole[] = {0x0a, 0x0a, 0x0a, 0x00, 0x7a, 0x06, 0x08, 0x03, 0x10, 0x0a, 0x18, 0x02};
    Spark__Connect__Plan *plan = spark__connect__plan__unpack(NULL, sizeof whole, whole);
    assert_non_null(plan);
    assert_int_equal(plan->root->range->start, 3);
    assert_int_equal(plan->root->range->step, 2);
    spark__connect__plan__free_unpacked(plan, NULL);
}

static void optional_fields_know_whether_they_are_set(void **state)
{
    (void)state;
    Spark__Connect__Read__DataSource source = SPARK__CONNECT__READ__DATA_SOURCE__INIT;
    assert_null(source.format);
    assert_null(source.schema);
}

static void an_error_carries_its_details(void **state)
{
    (void)state;
    Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
    char reason[] = "org.apache.spark.sql.AnalysisException";
    info.reason = reason;
    uint8_t packed_info[64];
    Google__Protobuf__Any detail = GOOGLE__PROTOBUF__ANY__INIT;
    char url[] = "type.googleapis.com/google.rpc.ErrorInfo";
    detail.type_url = url;
    detail.has_value = 1;
    detail.value.len = google__rpc__error_info__pack(&info, packed_info);
    detail.value.data = packed_info;
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    Google__Protobuf__Any *details[] = {&detail};
    status.has_code = 1;
    status.code = 13;
    status.details = details;
    status.n_details = 1;

    uint8_t bytes[256];
    size_t size = google__rpc__status__pack(&status, bytes);
    Google__Rpc__Status *back = google__rpc__status__unpack(NULL, size, bytes);
    assert_non_null(back);
    assert_int_equal(back->code, 13);
    Google__Rpc__ErrorInfo *back_info =
        google__rpc__error_info__unpack(NULL, back->details[0]->value.len, back->details[0]->value.data);
    assert_string_equal(back_info->reason, reason);
    google__rpc__error_info__free_unpacked(back_info, NULL);
    google__rpc__status__free_unpacked(back, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_survives_a_round_trip),
        cmocka_unit_test(bytes_of_a_python_client_are_understood),
        cmocka_unit_test(optional_fields_know_whether_they_are_set),
        cmocka_unit_test(an_error_carries_its_details),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
