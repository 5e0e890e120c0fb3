/* svc/events/template.h -- what a target gets of an event: all of it, a constant (Input), a part (InputPath), or a text with parts
 * in it (InputTransformer).
 *
 * JSON paths: $, .name (letters, digits, - _ /), ['name'], [n], [*] and .*. In a template, <name> stands for what
 * InputPathsMap's path finds: between quotes its characters (objects and lists without their quotes), elsewhere its JSON; nothing
 * where the path finds nothing. <aws.events.rule-arn>, <aws.events.rule-name>, <aws.events.event.ingestion-time>, <aws.events.event>
 * (without its detail), <aws.events.event.json> are always there. A template that begins with { or [ must come out as JSON.
 *
 * Pure. Source: "Amazon EventBridge input transformation". */
#ifndef WEIR_SVC_EVENTS_TEMPLATE_H
#define WEIR_SVC_EVENTS_TEMPLATE_H
#include "svc/events/document.h"
#include "wire/val.h"

typedef struct TemplateContext {
    const char *rule_arn, *rule_name, *ingestion_time;
    const Doc *event;
} TemplateContext;

/* Of one target, as PutTargets has it: ValidationException. */
Status template_check(const Val *target, Error *err);
/* ST_INVALID: it cannot be made of this event, and err says why. */
Status template_payload(Arena *a, const Val *target, const TemplateContext *context, char **ret_payload, Error *err);
/* NULL when the path is none, or finds nothing. */
const Doc *template_path(Arena *a, const Doc *doc, const char *path);

#endif
