/* The codecs, by the service models: each protocol's bytes to values and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/cbor.h"
#include "wire/json.h"
#include "wire/query.h"
#include "wire/rest.h"
#include "wire/validate.h"
#include "wire/xml.h"

static const ModelOperation *operation(const char *service, const char *name)
{
    const ModelService *s = model_service(service);
    assert_non_null(s);
    const ModelOperation *op = model_operation(s, name);
    assert_non_null(op);
    return op;
}

static const ModelShape *input_of(const char *service, const char *name)
{
    return model_shape(operation(service, name)->input);
}

/* --- the tables --- */

static void every_service_is_there(void **state)
{
    (void)state;
    static const char *const ids[] = { "budgets", "cloudtrail", "cloudwatch", "ec2", "emr", "events", "glue", "iam", "kms", "logs",
                                       "redshift", "redshiftdata", "s3", "sns", "sqs", "sts" };
    assert_int_equal(model_services_count, sizeof ids / sizeof ids[0]);
    for (size_t i = 0; i < model_services_count; i++) {
        assert_non_null(model_service(ids[i]));
        const ModelService *s = &model_services[i];
        for (size_t k = 0; k < s->operations; k++) { /* sorted: each is found */
            const ModelOperation *op = &model_operations[s->first_operation + k];
            assert_ptr_equal(model_operation(s, model_text(op->name)), op);
        }
    }
    assert_null(model_service("none"));
    assert_null(model_operation(model_service("emr"), "Nothing"));
}

/* --- JSON --- */

static const char steps_json[] =
    "{\"JobFlowId\":\"j-1\",\"Steps\":[{\"Name\":\"s\\u00e9 \\\"q\\\"\",\"HadoopJarStep\":{\"Jar\":\"x.jar\",\"Args\":[\"a\",\"b\"],"
    "\"Properties\":[{\"Key\":\"k\",\"Value\":\"v\"}]}}]}";

static void json_by_shape_and_back(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Val *v;
    const ModelShape *shape = input_of("emr", "AddJobFlowSteps");
    assert_int_equal(json_read_shape(a, shape, steps_json, strlen(steps_json), &v, NULL), ST_OK);
    const Val *step = val_at(val_get(v, "Steps"), 0);
    assert_string_equal(val_str(step, "Name"), "s\xc3\xa9 \"q\"");
    assert_int_equal(val_len(val_get(val_get(step, "HadoopJarStep"), "Args")), 2);
    str_auto text = STR_INIT(10000);
    json_write_shape(&text, shape, v);
    assert_string_equal(str_text(&text), "{\"JobFlowId\":\"j-1\",\"Steps\":[{\"Name\":\"s\xc3\xa9 \\\"q\\\"\",\"HadoopJarStep\":{\"Properties\":"
                                         "[{\"Key\":\"k\",\"Value\":\"v\"}],\"Jar\":\"x.jar\",\"Args\":[\"a\",\"b\"]}}]}");
}

static void json_drops_what_it_does_not_know_and_null(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Val *v;
    static const char text[] = "{\"ClusterId\":null,\"Later\":{\"x\":[1]}}";
    assert_int_equal(json_read_shape(a, input_of("emr", "DescribeCluster"), text, strlen(text), &v, NULL), ST_OK);
    assert_int_equal(val_len(v), 0);
}

static void json_times_are_seconds(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Val *v;
    static const char text[] = "{\"CreatedAfter\":1700000000.25,\"CreatedBefore\":\"2023-11-14T22:13:20Z\"}";
    const ModelShape *shape = input_of("emr", "ListClusters");
    assert_int_equal(json_read_shape(a, shape, text, strlen(text), &v, NULL), ST_OK);
    assert_int_equal(val_time(v, "CreatedAfter", 0), 1700000000250);
    assert_int_equal(val_time(v, "CreatedBefore", 0), 1700000000000);
    str_auto out = STR_INIT(1000);
    json_write_shape(&out, shape, v);
    assert_string_equal(str_text(&out), "{\"CreatedAfter\":1700000000.250,\"CreatedBefore\":1700000000.000}");
}

static void wrong_json_types_are_serialization_errors(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    static const char *const broken[] = { "{\"ClusterId\":1}", "{\"ClusterId\":[]}", "[]", "{", "{\"ClusterId\":\"\xff\"}", "nul", "1" };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        Val *v;
        Error err = ERROR_INIT;
        assert_int_equal(json_read_shape(a, input_of("emr", "DescribeCluster"), broken[i], strlen(broken[i]), &v, &err), ST_INVALID);
        assert_string_equal(err.code, "SerializationException");
    }
}

static void deep_json_is_refused(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    str_auto text = STR_INIT(100000);
    for (int i = 0; i < 300; i++)
        str_add(&text, "{\"Configurations\":[");
    for (int i = 0; i < 300; i++)
        str_add(&text, "]}");
    Val *v;
    assert_int_equal(json_read_shape(a, input_of("emr", "RunJobFlow"), str_text(&text), text.len, &v, NULL), ST_INVALID);
    assert_false(val_from_json(a, str_text(&text), text.len, &v));
}

static void plain_json_both_ways(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Val *v;
    static const char text[] = "{\"a\":[1,-2,0.5,1e+300,true,false,null,\"\\u0001\\n\\t/\"],\"b\":{}}";
    assert_true(val_from_json(a, text, strlen(text), &v));
    assert_string_equal(val_to_json(a, v), text);
}

/* --- forms --- */

static Val *from_form(Arena *a, const char *service, const char *name, bool ec2, const char *text)
{
    HttpPairs pairs;
    Val *v = NULL;
    assert_int_equal(form_read(a, text, strlen(text), &pairs, NULL), ST_OK);
    assert_int_equal(query_read_shape(a, input_of(service, name), ec2, &pairs, &v, NULL), ST_OK);
    return v;
}

static void query_lists_are_in_the_order_of_their_numbers(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Val *v = from_form(a, "sts", "AssumeRole", false,
                       "Action=AssumeRole&RoleArn=r%2B+x&TransitiveTagKeys.member.10=ten&TransitiveTagKeys.member.2=two&DurationSeconds=900"
                       "&Tags.member.1.Key=k&Tags.member.1.Value=");
    assert_string_equal(val_str(v, "RoleArn"), "r+ x");
    assert_int_equal(val_int(v, "DurationSeconds", 0), 900);
    const Val *keys = val_get(v, "TransitiveTagKeys");
    assert_int_equal(val_len(keys), 2);
    assert_string_equal(val_at(keys, 0)->s, "two");
    assert_string_equal(val_str(val_at(val_get(v, "Tags"), 0), "Value"), "");
}

static void an_empty_query_list(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Val *v = from_form(a, "sts", "AssumeRole", false, "Tags=");
    assert_non_null(val_get(v, "Tags"));
    assert_int_equal(val_len(val_get(v, "Tags")), 0);
}

static void ec2_lists_have_no_member(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Val *v = from_form(a, "ec2", "DescribeVpcs", true, "VpcId.1=vpc-1&VpcId.2=vpc-2&Filter.1.Name=isDefault&Filter.1.Value.1=true&DryRun=false");
    assert_int_equal(val_len(val_get(v, "VpcIds")), 2);
    assert_string_equal(val_str(val_at(val_get(v, "Filters"), 0), "Name"), "isDefault");
    assert_int_equal(val_len(val_get(val_at(val_get(v, "Filters"), 0), "Values")), 1);
    assert_false(val_bool(v, "DryRun", true));
}

/* --- XML --- */

static void xml_by_shape_and_back(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Val *v;
    const ModelShape *shape = model_member_shape(model_find_member(input_of("s3", "DeleteObjects"), "Delete"));
    static const char text[] = "<?xml version=\"1.0\"?><Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a&amp;b</Key>"
                               "<VersionId>1</VersionId></Object><Object><Key> c </Key></Object><Quiet>true</Quiet></Delete>";
    assert_int_equal(xml_read_shape(a, shape, text, strlen(text), &v, NULL), ST_OK);
    const Val *objects = val_get(v, "Objects");
    assert_int_equal(val_len(objects), 2);
    assert_string_equal(val_str(val_at(objects, 0), "Key"), "a&b");
    assert_string_equal(val_str(val_at(objects, 1), "Key"), " c ");
    assert_true(val_bool(v, "Quiet", false));
    str_auto out = STR_INIT(10000);
    xml_write_shape(&out, "Delete", "", shape, v);
    assert_string_equal(str_text(&out), "<Delete><Object><Key>a&amp;b</Key><VersionId>1</VersionId></Object><Object><Key> c </Key></Object>"
                                        "<Quiet>true</Quiet></Delete>");
}

static void broken_xml_is_malformed(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    const ModelShape *shape = model_member_shape(model_find_member(input_of("s3", "DeleteObjects"), "Delete"));
    static const char *const broken[] = { "", "<a", "<a></b>", "x", "<a/><b/>", "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>",
                                          "<Delete><Quiet>perhaps</Quiet></Delete>", "<a>\x01</a>" };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        Val *v;
        Error err = ERROR_INIT;
        assert_int_equal(xml_read_shape(a, shape, broken[i], strlen(broken[i]), &v, &err), ST_INVALID);
        assert_string_equal(err.code, "MalformedXML");
    }
}

/* --- REST --- */

static const char *match(Arena *a, const char *method, const char *path, const char *query, const char *header)
{
    HttpRequest *r = ARENA_NEW(a, HttpRequest);
    HttpPairs labels = { 0 };
    *r = (HttpRequest){ .arena = a, .method = method, .raw_path = path };
    assert_int_equal(form_read(a, query, strlen(query), &r->query, NULL), ST_OK);
    if (header)
        vec_push(a, &r->headers, (HttpPair){ header, "x" });
    const ModelOperation *op = rest_match(model_service("s3"), r, path, &labels);
    return op ? model_text(op->name) : "none";
}

static void s3_operations_share_their_uris(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    assert_string_equal(match(a, "GET", "/", "", NULL), "ListBuckets");
    assert_string_equal(match(a, "GET", "/b", "", NULL), "ListObjects");
    assert_string_equal(match(a, "GET", "/b/", "list-type=2", NULL), "ListObjectsV2");
    assert_string_equal(match(a, "GET", "/b", "lifecycle", NULL), "GetBucketLifecycleConfiguration");
    assert_string_equal(match(a, "GET", "/b", "analytics", NULL), "ListBucketAnalyticsConfigurations");
    assert_string_equal(match(a, "GET", "/b", "analytics&id=x", NULL), "GetBucketAnalyticsConfiguration");
    assert_string_equal(match(a, "HEAD", "/b", "", NULL), "HeadBucket");
    assert_string_equal(match(a, "GET", "/b/k/l", "", NULL), "GetObject");
    assert_string_equal(match(a, "GET", "/b/k", "uploadId=1", NULL), "ListParts");
    assert_string_equal(match(a, "GET", "/b/k", "tagging", NULL), "GetObjectTagging");
    assert_string_equal(match(a, "PUT", "/b/k", "", NULL), "PutObject");
    assert_string_equal(match(a, "PUT", "/b/k", "", "x-amz-copy-source"), "CopyObject");
    assert_string_equal(match(a, "PUT", "/b/k", "partNumber=1&uploadId=u", NULL), "UploadPart");
    assert_string_equal(match(a, "PUT", "/b/k", "partNumber=1&uploadId=u", "x-amz-copy-source"), "UploadPartCopy");
    assert_string_equal(match(a, "POST", "/b/k", "uploads", NULL), "CreateMultipartUpload");
    assert_string_equal(match(a, "POST", "/b/k", "uploadId=u", NULL), "CompleteMultipartUpload");
    assert_string_equal(match(a, "POST", "/b", "delete", NULL), "DeleteObjects");
    assert_string_equal(match(a, "DELETE", "/b/k", "", NULL), "DeleteObject");
    assert_string_equal(match(a, "DELETE", "/b/k", "uploadId=u", NULL), "AbortMultipartUpload");
    assert_string_equal(match(a, "PATCH", "/b/k", "", NULL), "none");
    assert_string_equal(match(a, "GET", "/b%zz/k", "", NULL), "none");
}

/* --- CBOR --- */

static void cbor_by_shape_and_back(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    const ModelShape *shape = input_of("cloudwatch", "PutMetricData");
    Val *v = val_map(a), *list = val_list(a), *datum = val_map(a), *back;
    val_set_str(a, v, "Namespace", "weir");
    val_set_str(a, datum, "MetricName", "StepDuration");
    val_set(a, datum, "Value", val_doublev(a, -0.1));
    val_set_time(a, datum, "Timestamp", 1700000000123);
    val_set_int(a, datum, "StorageResolution", 60);
    val_push(a, list, datum);
    val_set(a, v, "MetricData", list);
    str_auto bytes = STR_INIT(10000);
    cbor_write_shape(&bytes, shape, v);
    assert_int_equal(cbor_read_shape(a, shape, str_text(&bytes), bytes.len, &back, NULL), ST_OK);
    const Val *read = val_at(val_get(back, "MetricData"), 0);
    assert_string_equal(val_str(back, "Namespace"), "weir");
    assert_int_equal(val_time(read, "Timestamp", 0), 1700000000123);
    assert_int_equal(val_int(read, "StorageResolution", 0), 60);
    assert_true(val_double(read, "Value", 0) < -0.09 && val_double(read, "Value", 0) > -0.11);
    for (size_t cut = 1; cut < bytes.len; cut++) /* every prefix is broken, none is read beyond its end */
        assert_int_equal(cbor_read_shape(a, shape, arena_copy(a, str_text(&bytes), cut), cut, &back, NULL), ST_INVALID);
}

static void cbor_of_indefinite_length(void **state)
{
    (void)state;
    arena_auto *a = arena_new();
    Val *v;
    static const char bytes[] = "\xbf\x69Namespace\x7f\x62we\x62ir\xff\x6aMetricData\x9f\xff\xff";
    assert_int_equal(cbor_read_shape(a, input_of("cloudwatch", "PutMetricData"), bytes, sizeof bytes - 1, &v, NULL), ST_OK);
    assert_string_equal(val_str(v, "Namespace"), "weir");
    assert_int_equal(val_len(val_get(v, "MetricData")), 0);
}

/* --- validation --- */

static void check(const char *service, const char *name, const char *json, const char *wanted)
{
    arena_auto *a = arena_new();
    Val *v;
    Error err = ERROR_INIT;
    const ModelShape *shape = input_of(service, name);
    assert_int_equal(json_read_shape(a, shape, json, strlen(json), &v, &err), ST_OK);
    Status status = validate_input(a, shape, v, "ValidationException", &err);
    assert_int_equal(status, wanted ? ST_INVALID : ST_OK);
    if (wanted)
        assert_string_equal(err.message, wanted);
}

static void validation_in_the_words_of_aws(void **state)
{
    (void)state;
    check("emr", "DescribeCluster", "{\"ClusterId\":\"j-1\"}", NULL);
    check("emr", "DescribeCluster", "{}",
          "1 validation error detected: Value null at 'clusterId' failed to satisfy constraint: Member must not be null");
    check("emr", "ListClusters", "{\"ClusterStates\":[\"RUNNING\",\"DONE\"]}",
          "1 validation error detected: Value 'DONE' at 'clusterStates.2.member' failed to satisfy constraint: Member must satisfy enum "
          "value set: [STARTING, BOOTSTRAPPING, RUNNING, WAITING, TERMINATING, TERMINATED, TERMINATED_WITH_ERRORS]");
    check("emr", "AddJobFlowSteps", "{\"JobFlowId\":\"j\",\"Steps\":[{}]}",
          "2 validation errors detected: Value null at 'steps.1.member.name' failed to satisfy constraint: Member must not be null; Value "
          "null at 'steps.1.member.hadoopJarStep' failed to satisfy constraint: Member must not be null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_service_is_there),
        cmocka_unit_test(json_by_shape_and_back),
        cmocka_unit_test(json_drops_what_it_does_not_know_and_null),
        cmocka_unit_test(json_times_are_seconds),
        cmocka_unit_test(wrong_json_types_are_serialization_errors),
        cmocka_unit_test(deep_json_is_refused),
        cmocka_unit_test(plain_json_both_ways),
        cmocka_unit_test(query_lists_are_in_the_order_of_their_numbers),
        cmocka_unit_test(an_empty_query_list),
        cmocka_unit_test(ec2_lists_have_no_member),
        cmocka_unit_test(xml_by_shape_and_back),
        cmocka_unit_test(broken_xml_is_malformed),
        cmocka_unit_test(s3_operations_share_their_uris),
        cmocka_unit_test(cbor_by_shape_and_back),
        cmocka_unit_test(cbor_of_indefinite_length),
        cmocka_unit_test(validation_in_the_words_of_aws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
