/* back/duckdb/kernel_xpath.c -- xpath and its kin: XPath 1.0 by libxml2, over documents read as Java's DOM parser does by default.
 *
 * That parser knows no namespaces: names are what stands in the text, `x:a` and all, and declarations are no attributes. It loads nothing from
 * outside of the text; here an external DTD is not looked for either. Source: UDFXPathUtil, XmlExpressionEvalUtils of Spark. */
#include "back/duckdb/kernel.h"

#include <ctype.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <math.h>
#include <stdio.h>

enum { PATH_SLOT = 0 };

static void doc_freep(xmlDocPtr *doc)
{
    if (*doc)
        xmlFreeDoc(*doc);
}

static void context_freep(xmlXPathContextPtr *context)
{
    if (*context)
        xmlXPathFreeContext(*context);
}

static void value_freep(xmlXPathObjectPtr *value)
{
    if (*value)
        xmlXPathFreeObject(*value);
}
#define doc_auto __attribute__((cleanup(doc_freep))) xmlDocPtr
#define context_auto __attribute__((cleanup(context_freep))) xmlXPathContextPtr
#define value_auto __attribute__((cleanup(value_freep))) xmlXPathObjectPtr

static void silent(void *context, xmlErrorPtr error)
{
    (void)context;
    (void)error;
}

/* ---------------------------------------------------------------- documents */
static void forget_namespace(xmlNodePtr node, xmlNsPtr *ns)
{
    if (*ns && (*ns)->prefix) {
        xmlChar *name = xmlBuildQName(node->name, (*ns)->prefix, NULL, 0);
        xmlNodeSetName(node, name);
        if (name != node->name)
            xmlFree(name);
    }
    *ns = NULL;
}

/* Java's parser keeps attributes in the order of their names. */
static void sort_attributes(xmlNodePtr node)
{
    xmlAttrPtr sorted = NULL, next = NULL;
    for (xmlAttrPtr a = node->properties; a; a = next) {
        xmlAttrPtr before = NULL, after = sorted;
        for (next = a->next; after && xmlStrcmp(after->name, a->name) <= 0; after = after->next)
            before = after;
        a->prev = before;
        a->next = after;
        *(before ? &before->next : &sorted) = a;
        if (after)
            after->prev = a;
    }
    node->properties = sorted;
}

/* Depth first, without recursion. */
static void forget_namespaces(xmlNodePtr root)
{
    for (xmlNodePtr n = root; n;) {
        if (n->type == XML_ELEMENT_NODE) {
            forget_namespace(n, &n->ns);
            for (xmlAttrPtr a = n->properties; a; a = a->next)
                forget_namespace((xmlNodePtr)a, &a->ns);
            sort_attributes(n);
        }
        if (n->children && n->type == XML_ELEMENT_NODE) {
            n = n->children;
            continue;
        }
        while (n != root && !n->next)
            n = n->parent;
        n = n == root ? NULL : n->next;
    }
}

static bool has_external_entity(const xmlDtd *dtd)
{
    for (const xmlNode *n = dtd ? dtd->children : NULL; n; n = n->next)
        if (n->type == XML_ENTITY_DECL && ((const xmlEntity *)n)->SystemID)
            return true;
    return false;
}

/* Entities of the text itself are put in the place of their references; a text that names others is read without. NULL: it is no XML. */
static xmlDocPtr read_document(View text)
{
    enum { OPTIONS = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_IGNORE_ENC };
    xmlDocPtr doc = text.len <= INT32_MAX ? xmlReadMemory(text.data, (int)text.len, NULL, "UTF-8", OPTIONS) : NULL;
    if (doc && doc->intSubset && doc->intSubset->children && !has_external_entity(doc->intSubset)) {
        xmlFreeDoc(doc);
        doc = xmlReadMemory(text.data, (int)text.len, NULL, "UTF-8", OPTIONS | XML_PARSE_NOENT);
    }
    if (doc)
        forget_namespaces(xmlDocGetRootElement(doc));
    return doc;
}

/* ---------------------------------------------------------------- paths */
static void *compile(K *k, View path)
{
    context_auto context = xmlXPathNewContext(NULL);
    if (!context)
        return NULL;
    context->error = silent;
    return xmlXPathCtxtCompile(context, BAD_CAST k_text(k, path));
}

static void release(void *path)
{
    xmlXPathFreeCompExpr(path);
}

/* A prefix in a path stands for a namespace that no name is in. */
static void declare_prefixes(xmlXPathContextPtr context, const char *path)
{
    for (const char *at = strchr(path, ':'); at; at = strchr(at, ':')) {
        const char *start = at;
        char prefix[64];
        if (at[1] == ':') {
            at += 2;
            continue;
        }
        while (start > path && (isalnum((unsigned char)start[-1]) || strchr("_-.", start[-1]) || (unsigned char)start[-1] >= 128))
            start--;
        if (start < at && (size_t)(at - start) < sizeof prefix) {
            memcpy(prefix, start, (size_t)(at - start));
            prefix[at - start] = '\0';
            xmlXPathRegisterNs(context, BAD_CAST prefix, BAD_CAST "no:namespace");
        }
        at++;
    }
}

/* local-name() of a name that was never split. */
static void local_name(xmlXPathParserContextPtr parser, int nargs)
{
    xmlNodePtr node = parser->context->node;
    value_auto set = NULL;
    if (nargs > 1) {
        xmlXPathErr(parser, XPATH_INVALID_ARITY);
        return;
    }
    if (nargs == 1) {
        set = valuePop(parser);
        if (!set || set->type != XPATH_NODESET) {
            xmlXPathErr(parser, XPATH_INVALID_TYPE);
            return;
        }
        xmlXPathNodeSetSort(set->nodesetval);
        node = xmlXPathNodeSetIsEmpty(set->nodesetval) ? NULL : set->nodesetval->nodeTab[0];
    }
    bool named = node && (node->type == XML_ELEMENT_NODE || node->type == XML_ATTRIBUTE_NODE || node->type == XML_PI_NODE);
    const char *name = named ? (const char *)node->name : "", *colon = strchr(name, ':');
    valuePush(parser, xmlXPathNewCString(colon ? colon + 1 : name));
}

/* The value of path $2 in document $1, for `use`. NULL, and the result is set: there is none. */
static void evaluate(K *k, void (*use)(K *k, xmlXPathObjectPtr value))
{
    View text = k_str(k, 0), path = k_str(k, 1);
    if (!text.len || !path.len) {
        k_null(k);
        return;
    }
    xmlXPathCompExprPtr compiled = k_cached(k, PATH_SLOT, path, compile, release);
    if (!compiled) {
        k_throw(k, arena_printf(k_arena(k), "Invalid XPath '%s'", k_text(k, path)));
        return;
    }
    doc_auto doc = read_document(text);
    context_auto context = doc ? xmlXPathNewContext(doc) : NULL;
    value_auto value = NULL;
    if (context) {
        context->error = silent;
        context->node = (xmlNodePtr)doc;
        xmlXPathRegisterFunc(context, BAD_CAST "local-name", NULL); /* its own goes first: registering does not replace */
        xmlXPathRegisterFunc(context, BAD_CAST "local-name", local_name);
        declare_prefixes(context, k_text(k, path));
        value = xmlXPathCompiledEval(compiled, context);
    }
    if (value)
        use(k, value);
    else
        k_throw(k, arena_printf(k_arena(k), "Error loading expression '%s'", k_text(k, path)));
}

/* ---------------------------------------------------------------- results */
static void use_boolean(K *k, xmlXPathObjectPtr value)
{
    k_set_bool(k, xmlXPathCastToBoolean(value));
}

/* XPath's numbers have no exponent, which libxml2 takes. */
static double number_of(xmlXPathObjectPtr value)
{
    double number = (double)NAN;
    if (value->type != XPATH_NODESET && value->type != XPATH_STRING)
        return xmlXPathCastToNumber(value);
    if (value->type == XPATH_NODESET)
        xmlXPathNodeSetSort(value->nodesetval);
    xmlChar *text = xmlXPathCastToString(value);
    if (!strpbrk((const char *)text, "eE"))
        number = xmlXPathCastStringToNumber(text);
    xmlFree(text);
    return number;
}

static void use_double(K *k, xmlXPathObjectPtr value)
{
    k_set_f64(k, number_of(value));
}

static void use_float(K *k, xmlXPathObjectPtr value)
{
    k_set_f32(k, (float)number_of(value));
}

/* As Java narrows a double: NaN is 0, what is out of range the nearest end. */
static int64_t narrowed(double x, double least, double most, int64_t least_value, int64_t most_value)
{
    return isnan(x) ? 0 : x <= least ? least_value : x >= most ? most_value : (int64_t)x;
}

static void use_long(K *k, xmlXPathObjectPtr value)
{
    k_set_i64(k, narrowed(number_of(value), -9223372036854775808.0, 9223372036854775808.0, INT64_MIN, INT64_MAX));
}

static int32_t whole(xmlXPathObjectPtr value)
{
    return (int32_t)narrowed(number_of(value), -2147483648.0, 2147483647.0, INT32_MIN, INT32_MAX);
}

static void use_int(K *k, xmlXPathObjectPtr value)
{
    k_set_i32(k, whole(value));
}

static void use_short(K *k, xmlXPathObjectPtr value)
{
    k_set_i16(k, (int16_t)(uint16_t)(uint32_t)whole(value));
}

static void use_string(K *k, xmlXPathObjectPtr value)
{
    if (value->type == XPATH_NODESET)
        xmlXPathNodeSetSort(value->nodesetval);
    xmlChar *text = xmlXPathCastToString(value);
    k_set_str(k, (const char *)text, strlen((const char *)text));
    xmlFree(text);
}

static void add_node(K *k, xmlNodePtr node)
{
    bool has_value = node->type != XML_ELEMENT_NODE && node->type != XML_DOCUMENT_NODE && node->type != XML_NAMESPACE_DECL;
    xmlChar *text = has_value ? xmlNodeGetContent(node) : NULL;
    k_list_add(k, text ? (const char *)text : "", text ? strlen((const char *)text) : 0);
    if (!text) {
        duckdb_vector child = duckdb_list_vector_get_child(k->out);
        duckdb_vector_ensure_validity_writable(child);
        duckdb_validity_set_row_invalid(duckdb_vector_get_validity(child), k->list_len - 1);
    }
    xmlFree(text);
}

static void use_list(K *k, xmlXPathObjectPtr value)
{
    if (value->type != XPATH_NODESET) {
        k_throw(k, "Invalid XML document: the expression gives no nodes");
        return;
    }
    xmlXPathNodeSetSort(value->nodesetval);
    int n = xmlXPathNodeSetGetLength(value->nodesetval);
    for (int i = 0; i < n; i++)
        add_node(k, value->nodesetval->nodeTab[i]);
    k_list_end(k, (idx_t)n);
}

#define XPATH(name) \
    static void xpath_##name(K *k) { evaluate(k, use_##name); }
XPATH(boolean)
XPATH(short)
XPATH(int)
XPATH(long)
XPATH(float)
XPATH(double)
XPATH(string)
XPATH(list)

const Kernel kernels_xpath[] = {
    { "spark_xpath_boolean", "SS:b", xpath_boolean, 0 },
    { "spark_xpath_short", "SS:s", xpath_short, 0 },
    { "spark_xpath_int", "SS:i", xpath_int, 0 },
    { "spark_xpath_long", "SS:l", xpath_long, 0 },
    { "spark_xpath_float", "SS:f", xpath_float, 0 },
    { "spark_xpath_double", "SS:d", xpath_double, 0 },
    { "spark_xpath_string", "SS:S", xpath_string, 0 },
    { "spark_xpath_list", "SS:[S", xpath_list, 0 },
    { NULL, NULL, NULL, 0 },
};
