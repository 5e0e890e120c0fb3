/* svc/emr/alarms.c -- the alarms that a fresh cluster has: node failure, job failure rate, resource thresholds. They are ordinary alarms, to be
 * changed with PutMetricAlarm and deleted with DeleteAlarms; an hour after the cluster's end they are deleted. Each notifies the topic
 * weir-alarms, in both directions. Samples come each minute and at changes: between them an alarm keeps its state. */
#include "base/str.h"
#include "svc/alarming.h"
#include "svc/bus.h"
#include "svc/emr/internal.h"
#include "svc/emr/metrics.h"

#include <unistd.h>

typedef struct DefaultAlarm {
    const char *suffix, *description, *metrics; /* JSON of the members that say what is looked at; %s: the cluster, or the host */
    bool host;
    double threshold;
} DefaultAlarm;

static const DefaultAlarm default_alarms[] = {
    { "node-failure", "A node of the cluster is lost or unhealthy",
      "\"EvaluationPeriods\":1,\"Metrics\":[{\"Id\":\"failed\",\"Expression\":\"lost + unhealthy\",\"Label\":\"failed nodes\",\"ReturnData\":true},"
      "{\"Id\":\"lost\",\"ReturnData\":false,\"MetricStat\":{\"Period\":10,\"Stat\":\"Maximum\",\"Metric\":{\"Namespace\":\"AWS/ElasticMapReduce\","
      "\"MetricName\":\"MRLostNodes\",\"Dimensions\":[{\"Name\":\"JobFlowId\",\"Value\":\"%1$s\"}]}}},"
      "{\"Id\":\"unhealthy\",\"ReturnData\":false,\"MetricStat\":{\"Period\":10,\"Stat\":\"Maximum\",\"Metric\":{\"Namespace\":\"AWS/ElasticMapReduce\","
      "\"MetricName\":\"MRUnhealthyNodes\",\"Dimensions\":[{\"Name\":\"JobFlowId\",\"Value\":\"%1$s\"}]}}}]",
      false, 0 },
    { "job-failure-rate", "More than a quarter of the cluster's steps failed",
      "\"EvaluationPeriods\":1,\"Metrics\":[{\"Id\":\"rate\",\"Expression\":\"100 * failed / (failed + completed)\",\"Label\":\"failed steps in percent\","
      "\"ReturnData\":true},{\"Id\":\"failed\",\"ReturnData\":false,\"MetricStat\":{\"Period\":10,\"Stat\":\"Maximum\",\"Metric\":{\"Namespace\":"
      "\"AWS/ElasticMapReduce\",\"MetricName\":\"AppsFailed\",\"Dimensions\":[{\"Name\":\"JobFlowId\",\"Value\":\"%1$s\"}]}}},"
      "{\"Id\":\"completed\",\"ReturnData\":false,\"MetricStat\":{\"Period\":10,\"Stat\":\"Maximum\",\"Metric\":{\"Namespace\":\"AWS/ElasticMapReduce\","
      "\"MetricName\":\"AppsCompleted\",\"Dimensions\":[{\"Name\":\"JobFlowId\",\"Value\":\"%1$s\"}]}}}]",
      false, 25 },
    { "cpu", "The host's CPU was busy for five minutes",
      "\"EvaluationPeriods\":5,\"Period\":60,\"Statistic\":\"Average\",\"Namespace\":\"CWAgent\",\"MetricName\":\"cpu_usage_active\","
      "\"Dimensions\":[{\"Name\":\"host\",\"Value\":\"%1$s\"}]",
      true, 95 },
    { "memory", "The host's memory is used up",
      "\"EvaluationPeriods\":1,\"Period\":10,\"Statistic\":\"Maximum\",\"Namespace\":\"CWAgent\",\"MetricName\":\"mem_used_percent\","
      "\"Dimensions\":[{\"Name\":\"host\",\"Value\":\"%1$s\"}]",
      true, 95 },
    { "disk", "The disk of weir's home is nearly full",
      "\"EvaluationPeriods\":1,\"Period\":10,\"Statistic\":\"Maximum\",\"Namespace\":\"CWAgent\",\"MetricName\":\"disk_used_percent\","
      "\"Dimensions\":[{\"Name\":\"host\",\"Value\":\"%1$s\"}]",
      true, 85 },
};

Status emr_alarms_put(Call *call, Db *db, const char *cluster, Error *err)
{
    Arena *a = call->arena;
    Server *server = call->server;
    char host[256] = "localhost";
    if (!server->alarming)
        return ST_OK;
    gethostname(host, sizeof host - 1);
    const char *topic = bus_arn(a, server, "sns", server->region, server->region, BUS_DEFAULT_TOPIC);
    for (size_t i = 0; i < sizeof default_alarms / sizeof *default_alarms; i++) {
        const DefaultAlarm *d = &default_alarms[i];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
        const char *looked_at = arena_printf(a, d->metrics, d->host ? host : cluster);
#pragma GCC diagnostic pop
        const char *json = arena_printf(a, "{\"AlarmName\":\"weir-%s-%s\",\"AlarmDescription\":\"%s\",\"ComparisonOperator\":\"GreaterThanThreshold\","
                                           "\"Threshold\":%.1f,\"TreatMissingData\":\"ignore\",\"AlarmActions\":[\"%s\"],\"OKActions\":[\"%s\"],%s}",
                                        cluster, d->suffix, d->description, d->threshold, topic, topic, looked_at);
        Val *alarm = emr_json(a, json);
        if (!alarm)
            return FAIL(err, ST_INTERNAL, "the default alarm %s is no JSON", d->suffix);
        TRY(server->alarming->put(server, db, a, server->region, alarm, err));
    }
    return ST_OK;
}
