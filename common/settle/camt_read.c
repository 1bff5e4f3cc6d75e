/* The XML of a camt file: from libxml2's streaming reader to elements and values. */
#include <errno.h>
#include <libxml/xmlreader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/settle/camt_entry.h"

#define DEPTH_MAX 64
#define NAMESPACE_BYTES 64
#define PATH_BYTES 96
/* Not one of these expands an entity, loads a document type or lifts a limit of libxml2. */
#define XML_OPTIONS (XML_PARSE_NONET | XML_PARSE_BIG_LINES)

struct reader {
    xmlTextReaderPtr xml;
    settle_read_fn read;
    void *read_arg;
    int read_rc;      /* a failure of read */
    size_t n_pending; /* bytes read since the last piece of XML */
    struct camt_state state;
    char namespace[NAMESPACE_BYTES];
    struct level {
        enum camt_node node;
        char name[24]; /* for the path in an error */
    } levels[DEPTH_MAX];
    int depth; /* levels[depth] is the element around what comes */
    /* the value under construction */
    int is_value;
    char value[CAMT_TEXT_MAX_BYTES + 1];
    size_t value_len;
    char currency[8];
    int has_currency;
    unsigned line;      /* of the last element */
    struct err *syntax; /* what libxml2 has to say */
    int has_syntax;
};

/* --- failures --------------------------------------------------------------------------------- */

/* "Stmt/Ntry/Amt": without Document and message. */
static void path_text(const struct reader *self, char ret[PATH_BYTES])
{
    size_t len = 0;
    ret[0] = '\0';
    for (int i = MIN(3, self->depth); i <= self->depth && len < PATH_BYTES; i++) {
        int n =
            snprintf(ret + len, PATH_BYTES - len, "%s%s", len > 0 ? "/" : "", self->levels[i].name);
        len += n > 0 ? (size_t)n : 0;
    }
}

static int refuse(const struct reader *self, int rc, const char *why, struct err *err)
{
    char path[PATH_BYTES];
    path_text(self, path);
    return err_field(err, rc, path, "line %u: %.60s: %s", self->line, path, why);
}

/* An answer of camt_begin, camt_value or camt_end: what the visitor answered is passed on. */
static int judge(const struct reader *self, int rc, const struct err *why, struct err *err)
{
    return rc == 0 || why->text[0] == '\0' ? rc : refuse(self, rc, why->text, err);
}

static void on_syntax(void *arg, xmlErrorPtr error)
{
    struct reader *self = arg;
    if (self->has_syntax || error->level < XML_ERR_ERROR)
        return;
    const char *text = error->message == NULL ? "not well-formed" : error->message;
    self->has_syntax = 1;
    (void)err_set(self->syntax, -EINVAL, "line %d: %.*s", error->line, (int)strcspn(text, "\n"),
                  text);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static int on_read(void *arg, char *bytes, int len)
{
    struct reader *self = arg;
    if (self->n_pending >= CAMT_TOKEN_MAX_BYTES)
        self->read_rc = -EMSGSIZE;
    if (self->read_rc < 0 || len <= 0)
        return self->read_rc < 0 ? -1 : 0;
    long n = self->read(self->read_arg, bytes, (size_t)len);
    if (n < 0)
        self->read_rc = (int)n;
    else
        self->n_pending += (size_t)n;
    return n < 0 ? -1 : (int)n;
}

/* --- elements --------------------------------------------------------------------------------- */

/* "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08" */
static int take_namespace(struct reader *self, const char *namespace, struct err *err)
{
    static const struct {
        const char *name;
        enum camt_kind kind;
        unsigned version;
    } known[] = {
        {"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02", CAMT_STATEMENT, 2},
        {"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08", CAMT_STATEMENT, 8},
        {"urn:iso:std:iso:20022:tech:xsd:camt.054.001.02", CAMT_NOTIFICATION, 2},
        {"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08", CAMT_NOTIFICATION, 8},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcmp(known[i].name, namespace) != 0)
            continue;
        self->state.summary->kind = known[i].kind;
        self->state.summary->version = known[i].version;
        (void)snprintf(self->namespace, sizeof(self->namespace), "%s", namespace);
        return 0;
    }
    return err_set(err, -EINVAL, "namespace \"%.60s\": want camt.053 or camt.054, version 02 or 08",
                   namespace);
}

static int take_encoding(const struct reader *self, struct err *err)
{
    const char *encoding = (const char *)xmlTextReaderConstEncoding(self->xml);
    return encoding == NULL || strcasecmp(encoding, "UTF-8") == 0
               ? 0
               : err_set(err, -EINVAL, "encoding %.20s: want UTF-8", encoding);
}

static int check_namespace(struct reader *self, enum camt_node node, struct err *err)
{
    const char *namespace = (const char *)xmlTextReaderConstNamespaceUri(self->xml);
    if (namespace == NULL)
    namespace = "";
    if (self->depth == 1)
        return take_namespace(self, namespace, err);
    if (node == NODE_FOREIGN || strcmp(namespace, self->namespace) == 0)
        return 0;
    return err_set(err, -EINVAL, "namespace \"%.60s\" is not that of the file", namespace);
}

/* The elements that must be where they are: the root, and the message in it. */
static int check_place(const struct reader *self, enum camt_node node, struct err *err)
{
    if (self->depth == 1 && node != NODE_DOCUMENT)
        return err_set(err, -EINVAL, "want Document");
    if (self->depth == 2 && node != NODE_MESSAGE)
        return err_set(err, -EINVAL, "is not the message of the file's namespace");
    return 0;
}

static void begin_value(struct reader *self, int is_value)
{
    self->is_value = is_value;
    self->value_len = 0;
    self->has_currency = 0;
    if (!is_value || xmlTextReaderHasAttributes(self->xml) != 1)
        return;
    xmlChar *currency = xmlTextReaderGetAttribute(self->xml, (const xmlChar *)"Ccy");
    self->has_currency = currency != NULL;
    (void)snprintf(self->currency, sizeof(self->currency), "%s",
                   currency == NULL ? "" : (const char *)currency);
    xmlFree(currency);
}

static int begin_element(struct reader *self, struct err *err)
{
    struct err why = {0};
    const char *name = (const char *)xmlTextReaderConstLocalName(self->xml);
    if (self->depth + 1 == DEPTH_MAX)
        return refuse(self, -EINVAL, "elements are nested too deeply", err);
    enum camt_node parent = self->levels[self->depth].node;
    struct level *level = &self->levels[++self->depth];
    (void)snprintf(level->name, sizeof(level->name), "%.23s", name);
    level->node = NODE_OTHER;
    if (self->depth == 1 &&
        (check_namespace(self, NODE_OTHER, &why) < 0 || take_encoding(self, &why) < 0))
        return refuse(self, -EINVAL, why.text, err);
    const struct camt_element *element =
        camt_child(parent, name, self->state.summary->kind, self->state.summary->version);
    level->node = element->node;
    if (check_place(self, element->node, &why) < 0 ||
        (self->depth > 1 && check_namespace(self, element->node, &why) < 0))
        return refuse(self, -EINVAL, why.text, err);
    begin_value(self, element->is_value);
    int rc = camt_begin(&self->state, element->node, self->line, &why);
    return judge(self, rc, &why, err);
}

/* White space around a value is none of it. */
static const char *trimmed(struct reader *self)
{
    static const char spaces[] = " \t\r\n";
    self->value[self->value_len] = '\0';
    char *text = self->value + strspn(self->value, spaces);
    size_t len = strlen(text);
    while (len > 0 && strchr(spaces, text[len - 1]) != NULL)
        text[--len] = '\0';
    return text;
}

static int end_element(struct reader *self, struct err *err)
{
    struct err why = {0};
    enum camt_node node = self->levels[self->depth].node;
    int rc = 0;
    if (self->is_value) {
        const char *value = trimmed(self);
        rc = value[0] == '\0' ? err_set(&why, -EINVAL, "is empty")
                              : camt_value(&self->state, node, value,
                                           self->has_currency ? self->currency : NULL, &why);
    }
    self->is_value = 0;
    if (rc == 0)
        rc = camt_end(&self->state, node, &why);
    rc = judge(self, rc, &why, err);
    self->depth--;
    return rc;
}

static int add_value(struct reader *self, struct err *err)
{
    const char *text = (const char *)xmlTextReaderConstValue(self->xml);
    size_t len = text == NULL ? 0 : strlen(text);
    if (!self->is_value || text == NULL)
        return 0;
    if (len > CAMT_TEXT_MAX_BYTES - self->value_len)
        return refuse(self, -EINVAL, "the value is too long", err);
    memcpy(self->value + self->value_len, text, len);
    self->value_len += len;
    return 0;
}

/* --- the file --------------------------------------------------------------------------------- */

static void note_line(struct reader *self)
{
    xmlNodePtr node = xmlTextReaderCurrentNode(self->xml);
    long line = node == NULL ? 0 : xmlGetLineNo(node);
    if (line > 0)
        self->line = (unsigned)line;
}

static int take_piece(struct reader *self, struct err *err)
{
    int type = xmlTextReaderNodeType(self->xml), rc;
    switch (type) {
    case XML_READER_TYPE_ELEMENT:
        note_line(self);
        rc = begin_element(self, err);
        return rc == 0 && xmlTextReaderIsEmptyElement(self->xml) == 1 ? end_element(self, err) : rc;
    case XML_READER_TYPE_END_ELEMENT:
        return end_element(self, err);
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
        return add_value(self, err);
    case XML_READER_TYPE_DOCUMENT_TYPE:
        note_line(self);
        return err_set(err, -EINVAL, "line %u: a document type (DOCTYPE) is not taken",
                       MAX(self->line, 1u));
    case XML_READER_TYPE_ENTITY_REFERENCE:
        return refuse(self, -EINVAL, "an entity is not taken", err);
    default:
        return 0;
    }
}

static int broken(const struct reader *self, struct err *err)
{
    unsigned line = MAX((unsigned)MAX(xmlTextReaderGetParserLineNumber(self->xml), 0), 1u);
    if (self->read_rc == -EMSGSIZE)
        return err_set(err, -EMSGSIZE, "line %u: a piece of XML is longer than %d bytes", line,
                       CAMT_TOKEN_MAX_BYTES);
    if (self->read_rc < 0)
        return err_set(err, self->read_rc, "line %u: the file cannot be read on", line);
    if (self->has_syntax)
        return err_set(err, -EINVAL, "%s", self->syntax->text);
    return err_set(err, -EINVAL, "line %u: the file is no XML", line);
}

static int read_all(struct reader *self, struct err *err)
{
    int rc;
    while ((rc = xmlTextReaderRead(self->xml)) == 1) {
        self->n_pending = 0;
        rc = take_piece(self, err);
        if (rc != 0)
            return rc;
    }
    if (rc < 0 || self->read_rc < 0 || self->has_syntax)
        return broken(self, err);
    if (self->state.summary->n_statements == 0)
        return err_set(err, -EINVAL, "line %u: the file has no %s", MAX(self->line, 1u),
                       self->state.summary->kind == CAMT_NOTIFICATION ? "Ntfctn" : "Stmt");
    return 0;
}

int camt_read(settle_read_fn read, void *read_arg, camt_entry_fn fn, void *arg,
              struct camt_summary *ret, struct err *err)
{
    struct err syntax = {0};
    struct reader *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    *ret = (struct camt_summary){0};
    self->read = read;
    self->read_arg = read_arg;
    self->state.summary = ret;
    self->state.fn = fn;
    self->state.arg = arg;
    self->syntax = &syntax;
    self->levels[0].node = NODE_NONE;
    self->xml = xmlReaderForIO(on_read, NULL, self, NULL, NULL, XML_OPTIONS);
    ASSERT(self->xml != NULL);
    xmlTextReaderSetStructuredErrorHandler(self->xml, on_syntax, self);
    int rc = read_all(self, err);
    xmlFreeTextReader(self->xml);
    free(self);
    return rc;
}
