/* front/sql/grammar.y -- SqlBaseParser.g4 of Spark 4.1 as LALR(1). Rules bear its names where they have one.
 *
 * Every keyword may be a name (%fallback); where a word could be either, context.c has decided before (see there). A rule
 * ends where the token before the lookahead ends: at(p, node, start) gives a node its characters. */
%name grammar
%token_prefix TK_
%token_type {const Token *}
%default_type {Node *}
%extra_argument {SqlParser *p}
%stack_size 0
%include {
#include "front/sql/grammar.h"
#include "front/sql/command.h"
#include "front/sql/parser.h"
#include <stdlib.h>
#define NEW(Kind, start, ...) at(p, node_new(p->a, Kind, __VA_ARGS__), (start))
#define NODE_START(n) expr_start(p, (n))
}
/* ANTLR calls a token extra when the text could have ended before it and does end after it. */
%syntax_error {
  bool could_end = yy_find_shift_action(0, yypParser->yytos->stateno) != YY_ERROR_ACTION;
  bool last = p->at + 1 < p->tokens.len && p->tokens.at[p->at + 1].kind == 0;
  const char *hint = could_end && last && TOKEN->kind ? arena_printf(p->a, ": extra input '%.*s'", (int)TOKEN->len, p->text + TOKEN->at) : "";
  parser_syntax_error(p, TOKEN, hint);
}
%parse_failure { parser_syntax_error(p, &p->tokens.at[p->at], ""); }
%start_symbol input

%fallback ID ADD AFTER AGGREGATE ALL ALTER ALWAYS ANALYZE AND ANTI ANY ANY_VALUE ARCHIVE ARRAY AS ASC AT ATOMIC
   AUTHORIZATION BEGIN BETWEEN BIGINT BINARY BINDING BOOLEAN BOTH BUCKET BUCKETS BY BYTE CACHE CALL CALLED CASCADE
   CASE CAST CATALOG CATALOGS CHANGE CHAR CHARACTER CHECK CLEAR CLUSTER CLUSTERED CODEGEN COLLATE COLLATION
   COLLECTION COLUMN COLUMNS COMMENT COMMIT COMPACT COMPACTIONS COMPENSATION COMPUTE CONCATENATE CONDITION
   CONSTRAINT CONTAINS CONTINUE COST CREATE CROSS CUBE CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP
   CURRENT_USER DAY DAYS DAYOFYEAR DATA DATE DATABASE DATABASES DATEADD DATE_ADD DATEDIFF DATE_DIFF DBPROPERTIES
   DEC DECIMAL DECLARE DEFAULT DEFINED DEFINER DELAY DELETE DELIMITED DESC DESCRIBE DETERMINISTIC DFS DIRECTORIES
   DIRECTORY DISTINCT DISTRIBUTE DIV DO DOUBLE DROP ELSE ELSEIF END ENFORCED ESCAPE ESCAPED EVOLUTION EXCEPT
   EXCHANGE EXCLUDE EXISTS EXIT EXPLAIN EXPORT EXTEND EXTENDED EXTERNAL EXTRACT FALSE FETCH FIELDS FILTER
   FILEFORMAT FIRST FLOAT FLOW FOLLOWING FOR FOREIGN FORMAT FORMATTED FOUND FROM FULL FUNCTION FUNCTIONS GENERATED
   GEOGRAPHY GEOMETRY GLOBAL GRANT GROUP GROUPING HANDLER HAVING BINARY_HEX HOUR HOURS IDENTIFIER_KW IDENTITY IF
   IGNORE IMMEDIATE IMPORT IN INCLUDE INCREMENT INDEX INDEXES INNER INPATH INPUT INPUTFORMAT INSERT INTERSECT
   INTERVAL INT INTEGER INTO INVOKER IS ITEMS ITERATE JOIN JSON KEY KEYS LANGUAGE LAST LATERAL LAZY LEADING LEAVE
   LEFT LEVEL LIKE ILIKE LIMIT LINES LIST LOAD LOCAL LOCATION LOCK LOCKS LOGICAL LONG LOOP MACRO MAP MATCHED
   MATERIALIZED MAX MERGE MICROSECOND MICROSECONDS MILLISECOND MILLISECONDS MINUTE MINUTES MODIFIES MONTH MONTHS
   MSCK NAME NAMESPACE NAMESPACES NANOSECOND NANOSECONDS NATURAL NO NONE NOT NULL NULLS NUMERIC NORELY OF OFFSET ON
   ONLY OPTION OPTIONS OR ORDER OUT OUTER OUTPUTFORMAT OVER OVERLAPS OVERLAY OVERWRITE PARTITION PARTITIONED
   PARTITIONS PERCENTLIT PIVOT PLACING POSITION PRECEDING PRIMARY PRINCIPALS PROCEDURE PROCEDURES PROPERTIES PURGE
   QUARTER QUERY RANGE READS REAL RECORDREADER RECORDWRITER RECOVER RECURSION RECURSIVE REDUCE REFERENCES REFRESH
   RELY RENAME REPAIR REPEAT REPEATABLE REPLACE RESET RESPECT RESTRICT RETURN RETURNS REVOKE RIGHT RLIKE ROLE ROLES
   ROLLBACK ROLLUP ROW ROWS SECOND SECONDS SCHEMA SCHEMAS SECURITY SELECT SEMI SEPARATED SERDE SERDEPROPERTIES
   SESSION_USER SET SETMINUS SETS SHORT SHOW SINGLE SKEWED SMALLINT SOME SORT SORTED SOURCE SPECIFIC SQL
   SQLEXCEPTION SQLSTATE START STATISTICS STORED STRATIFY STREAM STREAMING STRING STRUCT SUBSTR SUBSTRING SYNC
   SYSTEM_TIME SYSTEM_VERSION TABLE TABLES TABLESAMPLE TARGET TBLPROPERTIES TEMPORARY TERMINATED THEN TIME TIMEDIFF
   TIMESTAMP TIMESTAMP_LTZ TIMESTAMP_NTZ TIMESTAMPADD TIMESTAMPDIFF TINYINT TO EXECUTE TOUCH TRAILING TRANSACTION
   TRANSACTIONS TRANSFORM TRIM TRUE TRUNCATE TRY_CAST TYPE UNARCHIVE UNBOUNDED UNCACHE UNION UNIQUE UNKNOWN UNLOCK
   UNPIVOT UNSET UNTIL UPDATE USE USER USING VALUE VALUES VARCHAR VAR VARIABLE VARIANT VERSION VIEW VIEWS VOID
   WATERMARK WEEK WEEKS WHEN WHERE WHILE WINDOW WITH WITHIN WITHOUT YEAR YEARS ZONE.
/* Tokens that are no words. */
%token SEMICOLON LP RP COMMA DOT LB RB BANG EQ NSEQ NEQ NEQJ LT LTE GT GTE SHIFT_LEFT SHIFT_RIGHT SHIFT_RIGHT_UNSIGNED
       PLUS MINUS ASTERISK SLASH PERCENT TILDE AMPERSAND PIPE CONCAT_PIPE OPERATOR_PIPE HAT COLON DOUBLE_COLON ARROW FAT_ARROW
       HINT_START HINT_END QUESTION STRING_LITERAL BIGINT_LITERAL SMALLINT_LITERAL TINYINT_LITERAL INTEGER_VALUE EXPONENT_VALUE
       DECIMAL_VALUE FLOAT_LITERAL DOUBLE_LITERAL BIGDECIMAL_LITERAL UNRECOGNIZED.
/* Tokens that context.c makes. */
%token TYPED_WORD WITH_OPTIONS INTERVAL_LITERAL NOT_NULL STAR_EXCEPT EXTRACT_FROM SUBSTRING_FROM TRIM_FROM OVERLAY_PLACING POSITION_IN
       TRANSFORM_SCRIPT MAP_SCRIPT DECLARE_CONDITION START_STATEMENT START_EXPRESSION START_TYPE START_SCHEMA START_NAME.

/* Lowest first. Set operations bind by level, INTERSECT tighter; LOWEST marks rules that give way to a longer match. */
%nonassoc LOWEST.
%nonassoc ORDER CLUSTER DISTRIBUTE SORT WINDOW LIMIT OFFSET COMMA IGNORE WITH STORED RETURNS.
%left OPERATOR_PIPE.
%left UNION EXCEPT SETMINUS.
%left INTERSECT.
%left EQ NSEQ NEQ NEQJ LT LTE GT GTE.
%left PIPE.
%left HAT.
%left AMPERSAND.
%left SHIFT_LEFT SHIFT_RIGHT SHIFT_RIGHT_UNSIGNED.
%left PLUS MINUS CONCAT_PIPE.
%left ASTERISK SLASH PERCENT DIV.
%right UNARY TILDE.
%left COLLATE LP RP LB DOT.

input ::= START_STATEMENT statement(S) semicolons.  { p->node = S; }
input ::= START_STATEMENT set_variable(S) semicolons. { p->node = S; }
input ::= START_STATEMENT script(S).                 { p->node = S; }
input ::= START_STATEMENT script(S) SEMICOLON.       { p->node = S; }
input ::= START_EXPRESSION named_expression(E).      { p->node = E; }
input ::= START_TYPE data_type(T).                   { p->type = T; }
input ::= START_SCHEMA col_type_list(F).             { p->type = type_struct(p->a, F->at, F->len); }
input ::= START_NAME multipart(N).                   { p->name = *N; }
semicolons ::= .
semicolons ::= semicolons SEMICOLON.

statement(A) ::= query(Q). { A = Q; }

/* ------------------------------------------------------------------ names */
%type identifier {const char *}
%type strict_identifier {const char *}
%type alias_name {const char *}
%type identifier_seq {StrList *}
%type identifier_list {StrList *}
%type identifier_list_opt {StrList *}
%type multipart {StrList *}
%type multipart_list {NodeList *}
%type string {const Token *}
identifier(A) ::= ID(T).            { A = ident(p, T); }
identifier(A) ::= IDENTIFIER_KW(T) LP string(S) RP. { A = identifier_literal(p, S, T->start); }
strict_identifier(A) ::= ID(T).     { A = strict_ident(p, T); }
strict_identifier(A) ::= IDENTIFIER_KW(T) LP string(S) RP. { A = identifier_literal(p, S, T->start); }
identifier_seq(A) ::= identifier(I).                         { A = names_one(p, I); }
identifier_seq(A) ::= identifier_seq(L) COMMA identifier(I). { A = names_add(p, L, I); }
identifier_list(A) ::= LP identifier_seq(L) RP.   { A = L; }
identifier_list_opt(A) ::= .                      { A = NULL; }
identifier_list_opt(A) ::= identifier_list(L).    { A = L; }
multipart(A) ::= identifier(I).                   { A = names_one(p, I); }
multipart(A) ::= multipart(L) DOT identifier(I).  { A = names_add(p, L, I); }
multipart_list(A) ::= multipart(N).                         { A = list_one(p, NEW(Attribute, p->tokens.at[p->at - 1].start, .name = *N)); }
multipart_list(A) ::= multipart_list(L) COMMA multipart(N). { A = list_add(p, L, NEW(Attribute, p->tokens.at[p->at - 1].start, .name = *N)); }
/* identifierReference: a name, or IDENTIFIER('a.b') and its like */
%type reference {StrList *}
reference(A) ::= reference_name(N). { A = N; }
%type reference_name {StrList *}
reference_name(A) ::= ID(T).                        { A = names_one(p, ident(p, T)); }
reference_name(A) ::= reference_name(L) DOT identifier(I). { A = names_add(p, L, I); }
reference_name(A) ::= IDENTIFIER_KW(T) LP expression(E) RP.  { A = identifier_clause(p, E, T->start); }
string(A) ::= STRING_LITERAL(T).            { A = T; }
string(A) ::= string(L) STRING_LITERAL(T).  {
  A = string_joined(p, L, T);
}
%type integer {int64_t}
integer(A) ::= INTEGER_VALUE(T). { A = integer_value(p, T); }
%type not {const Token *}
not(A) ::= NOT(T).  { A = T; }
not(A) ::= BANG(T). { A = T; check_bang(p, T); }

/* ------------------------------------------------------------------ queries */
query(A) ::= query_bare(Q).               { A = Q; }
query(A) ::= query_parens(Q).             { A = Q; } [LOWEST]
query_parens(A) ::= LP(T) query_bare(Q) RP.  { A = Q; p->parens_start = T->start; }
query_parens(A) ::= LP(T) query_parens(Q) RP. { A = Q; p->parens_start = T->start; }
query_bare(A) ::= query_primary(Q). [LOWEST]              { A = Q; }
query_bare(A) ::= query_term(Q) organization(O).          { A = organize(p, Q, O); }
query_bare(A) ::= ctes(W) query_term(Q). [LOWEST]         { A = with_ctes(p, W, Q); }
query_bare(A) ::= ctes(W) query_term(Q) organization(O).  { A = with_ctes(p, W, organize(p, Q, O)); }
query_term(A) ::= query_primary(Q). [LOWEST]              { A = Q; }
query_term(A) ::= query_parens(Q).  [LOWEST]              { A = Q; }

ctes(A) ::= WITH(T) recursive_opt(R) named_queries(L).
  { check_cte_names(p, L); A = NEW(With, T->start, .ctes = *L, .recursive = R >= 0, .max_recursion = recursion_limit(p, L)); }
%type recursive_opt {int}
recursive_opt(A) ::= .          { A = -1; }
recursive_opt(A) ::= RECURSIVE. { A = 1; }
%type named_queries {NodeList *}
named_queries(A) ::= named_query(Q).                        { A = list_one(p, Q); }
named_queries(A) ::= named_queries(L) COMMA named_query(Q). { A = list_add(p, L, Q); }
named_query(A) ::= ID(T) query_parens(Q).                                  { A = cte(p, T, NULL, -1, Q); }
named_query(A) ::= ID(T) AS query_parens(Q).                               { A = cte(p, T, NULL, -1, Q); }
named_query(A) ::= ID(T) max_recursion(M) as_opt query_parens(Q).          { A = cte(p, T, NULL, M, Q); }
named_query(A) ::= ID(T) identifier_list(C) query_parens(Q).               { A = cte(p, T, C, -1, Q); }
named_query(A) ::= ID(T) identifier_list(C) AS query_parens(Q).            { A = cte(p, T, C, -1, Q); }
named_query(A) ::= ID(T) identifier_list(C) max_recursion(M) as_opt query_parens(Q). { A = cte(p, T, C, M, Q); }
%type max_recursion {int64_t}
max_recursion(A) ::= MAX RECURSION LEVEL integer(N). { A = N; }
as_opt ::= .
as_opt ::= AS.

%type organization {Organization *}
%type organization_clause {Organization *}
organization(A) ::= ORDER(T) BY sort_items(L).         { A = organization_add(p, NULL, ORG_ORDER, T, L, NULL); }
organization(A) ::= CLUSTER(T) BY expressions(L).      { A = organization_add(p, NULL, ORG_CLUSTER, T, L, NULL); }
organization(A) ::= DISTRIBUTE(T) BY expressions(L).   { A = organization_add(p, NULL, ORG_DISTRIBUTE, T, L, NULL); }
organization(A) ::= SORT(T) BY sort_items(L).          { A = organization_add(p, NULL, ORG_SORT, T, L, NULL); }
organization(A) ::= WINDOW(T) named_windows(L).        { A = organization_add(p, NULL, ORG_WINDOW, T, L, NULL); }
organization(A) ::= LIMIT(T) limit_value(E).           { A = organization_add(p, NULL, ORG_LIMIT, T, NULL, E); }
organization(A) ::= OFFSET(T) expression(E).           { A = organization_add(p, NULL, ORG_OFFSET, T, NULL, E); }
organization(A) ::= organization(O) ORDER(T) BY sort_items(L).       { A = organization_add(p, O, ORG_ORDER, T, L, NULL); }
organization(A) ::= organization(O) CLUSTER(T) BY expressions(L).    { A = organization_add(p, O, ORG_CLUSTER, T, L, NULL); }
organization(A) ::= organization(O) DISTRIBUTE(T) BY expressions(L). { A = organization_add(p, O, ORG_DISTRIBUTE, T, L, NULL); }
organization(A) ::= organization(O) SORT(T) BY sort_items(L).        { A = organization_add(p, O, ORG_SORT, T, L, NULL); }
organization(A) ::= organization(O) WINDOW(T) named_windows(L).      { A = organization_add(p, O, ORG_WINDOW, T, L, NULL); }
organization(A) ::= organization(O) LIMIT(T) limit_value(E).         { A = organization_add(p, O, ORG_LIMIT, T, NULL, E); }
organization(A) ::= organization(O) OFFSET(T) expression(E).         { A = organization_add(p, O, ORG_OFFSET, T, NULL, E); }
limit_value(A) ::= ALL.           { A = NULL; }
limit_value(A) ::= expression(E). { A = E; }
%type sort_items {NodeList *}
sort_items(A) ::= sort_item(S).                      { A = list_one(p, S); }
sort_items(A) ::= sort_items(L) COMMA sort_item(S).  { A = list_add(p, L, S); }
sort_item(A) ::= expression(E) direction(D) nulls_order(N).
  { A = NEW(SortOrder, NODE_START(E), .child = E, .direction = D, .nulls = N); }
%type direction {int}
direction(A) ::= .      { A = SORT_ASC; }
direction(A) ::= ASC.   { A = SORT_ASC; }
direction(A) ::= DESC.  { A = SORT_DESC; }
%type nulls_order {int}
nulls_order(A) ::= .            { A = NULLS_DEFAULT; }
nulls_order(A) ::= NULLS FIRST. { A = NULLS_FIRST; }
nulls_order(A) ::= NULLS LAST.  { A = NULLS_LAST; }

%type set_quantifier {int}
set_quantifier(A) ::= .         { A = 0; }
set_quantifier(A) ::= DISTINCT. { A = 1; }
set_quantifier(A) ::= ALL.      { A = 2; }
query_primary(A) ::= query_term(L) UNION set_quantifier(Q) query_term(R).     { A = set_operation(p, L, SETOP_UNION, Q == 2, R); }
query_primary(A) ::= query_term(L) EXCEPT set_quantifier(Q) query_term(R).    { A = set_operation(p, L, SETOP_EXCEPT, Q == 2, R); }
query_primary(A) ::= query_term(L) SETMINUS set_quantifier(Q) query_term(R).  { A = set_operation(p, L, SETOP_EXCEPT, Q == 2, R); }
query_primary(A) ::= query_term(L) INTERSECT set_quantifier(Q) query_term(R). { A = set_operation(p, L, SETOP_INTERSECT, Q == 2, R); }

query_primary(A) ::= SELECT(T) hints(H) set_quantifier(Q) named_expressions(E) from_opt(F) where_opt(W) group_opt(G)
    having_opt(V) window_opt(N).
  { A = select_query(p, &(Select){ T->start, H, Q == 1, E, F, W, G, V, N }); }
query_primary(A) ::= transform_query(Q).      { A = Q; }
transform_query(A) ::= transform(R) from_opt(F) where_opt(W) group_opt(G) having_opt(V) window_opt(N).
  { A = transform_query(p, R, &(Select){ R->start, NULL, false, R->exprs, F, W, G, V, N }); }
query_primary(A) ::= from_query(F). [LOWEST]  { A = F; }
from_query(A) ::= from_clause(F). [LOWEST]    { A = F; }
from_query(A) ::= from_clause(F) from_bodies(B).
  { A = from_selects(p, F, B); }
%type from_bodies {SelectList *}
from_bodies(A) ::= from_body(B).                { A = selects_add(p, NULL, B); }
from_bodies(A) ::= from_bodies(L) from_body(B). { A = selects_add(p, L, B); }
%type from_body {Select *}
from_body(A) ::= SELECT(T) hints(H) set_quantifier(Q) named_expressions(E) lateral_views_opt(V) where_opt(W) group_opt(G)
    having_opt(P) window_opt(N).
  { A = ARENA_NEW(p->a, Select); *A = (Select){ T->start, H, Q == 1, E, V, W, G, P, N }; }
from_body(A) ::= transform(R) where_opt(W).
  { A = ARENA_NEW(p->a, Select); *A = (Select){ R->start, NULL, false, R->exprs, NULL, W, NULL, NULL, NULL, .transform = R }; }

/* ---- SELECT TRANSFORM(…) USING 'script', MAP … USING, REDUCE … USING */
%type transform {Transform *}
transform(A) ::= SELECT(T) TRANSFORM_SCRIPT LP set_quantifier(Q) expressions(E) RP row_format_opt(I) record_class(W) USING string(S)
    script_columns(C) row_format_opt(O) record_class(R).
  { A = transform(p, &(Transform){ T->start, Q != 0, E, I, O, W || R, S->text, C }); }
transform(A) ::= MAP_SCRIPT(T) set_quantifier(Q) expressions(E) row_format_opt(I) record_class(W) USING string(S)
    script_columns(C) row_format_opt(O) record_class(R).
  { A = transform(p, &(Transform){ T->start, Q != 0, E, I, O, W || R, S->text, C }); }
%type row_format_opt {RowFormat *}
row_format_opt(A) ::= .               { A = NULL; }
row_format_opt(A) ::= row_format(F).  { A = F; }
%type record_class {int}
record_class(A) ::= .                     { A = 0; }
record_class(A) ::= RECORDWRITER string.  { A = 1; }
record_class(A) ::= RECORDREADER string.  { A = 1; }
%type script_columns {FieldBuild *}
%type script_list {FieldBuild *}
%type script_column {FieldBuild *}
script_columns(A) ::= .                         { A = NULL; }
script_columns(A) ::= AS script_list(L).        { A = L; }
script_columns(A) ::= AS LP script_list(L) RP.  { A = L; }
script_list(A) ::= script_column(F).                       { A = F; }
script_list(A) ::= script_list(L) COMMA script_column(F).  { A = script_column_add(p, L, F); }
script_column(A) ::= identifier(I).  { A = field_add(p, NULL, I, NULL, false, NULL); }
script_column(A) ::= col_type(F).    { A = F; }

query_primary(A) ::= TABLE(T) reference(N). [LOWEST]  { A = NEW(UnresolvedRelation, T->start, .name = *N); }
query_primary(A) ::= inline_table(V). [OPERATOR_PIPE] { A = V; }
inline_table(A) ::= VALUES(T) values_rows(L). [LOWEST]
  { A = inline_table(p, L, (TableAlias){ 0 }, T->start); }
inline_table(A) ::= VALUES(T) values_rows(L) table_alias_some(N).
  { A = inline_table(p, L, N, T->start); }
%type values_rows {NodeList *}
values_rows(A) ::= expression(E).                      { A = list_one(p, E); }
values_rows(A) ::= values_rows(L) COMMA expression(E). { A = list_add(p, L, E); }

%type hints {NodeList *}
hints(A) ::= .                                                { A = NULL; }
hints(A) ::= hints(L) HINT_START hint_list(H) HINT_END.       { A = L ? L : list_new(p); for (size_t i = 0; i < H->len; i++) list_add(p, A, H->at[i]); }
%type hint_list {NodeList *}
hint_list(A) ::= hint(H).                     { A = list_one(p, H); }
hint_list(A) ::= hint_list(L) hint(H).        { A = list_add(p, L, H); }
hint_list(A) ::= hint_list(L) COMMA hint(H).  { A = list_add(p, L, H); }
hint(A) ::= ID(T).                            { A = NEW(Hint, T->start, .name = plain_ident(p, T)); }
hint(A) ::= ID(T) LP hint_params(L) RP.       { A = NEW(Hint, T->start, .name = plain_ident(p, T), .params = *L); }
%type hint_params {NodeList *}
hint_params(A) ::= primary(E).                      { A = list_one(p, E); }
hint_params(A) ::= hint_params(L) COMMA primary(E). { A = list_add(p, L, E); }

where_opt(A) ::= .                      { A = NULL; }
where_opt(A) ::= WHERE expression(E).   { A = E; }
having_opt(A) ::= .                     { A = NULL; }
having_opt(A) ::= HAVING expression(E). { A = E; }
%type window_opt {NodeList *}
window_opt(A) ::= . [LOWEST]              { A = NULL; }
window_opt(A) ::= WINDOW named_windows(L). { A = L; }
%type named_windows {NodeList *}
named_windows(A) ::= named_window(W).                        { A = list_one(p, W); }
named_windows(A) ::= named_windows(L) COMMA named_window(W). { A = list_add(p, L, W); }
named_window(A) ::= ID(T) AS window_spec(W). { A = NEW(WindowDefinition, T->start, .name = ident(p, T), .window = W); }

/* ---- grouping */
group_opt(A) ::= .                                       { A = NULL; }
group_opt(A) ::= group_clause(G).                        { A = G; }
group_clause(A) ::= GROUP(T) BY group_items(L).          { A = grouping(p, L, T->start); }
group_clause(A) ::= GROUP(T) BY group_items(L) WITH ROLLUP. { A = grouping_with(p, L, GROUPING_ROLLUP, NULL, T->start); }
group_clause(A) ::= GROUP(T) BY group_items(L) WITH CUBE.   { A = grouping_with(p, L, GROUPING_CUBE, NULL, T->start); }
group_clause(A) ::= GROUP(T) BY group_items(L) GROUPING SETS LP grouping_sets(S) RP.
  { A = grouping_with(p, L, GROUPING_SETS, S, T->start); }
group_clause(A) ::= GROUP(T) BY ALL.                     { A = NEW(Aggregate, T->start, .grouping = GROUPING_ALL); }
%type group_items {NodeList *}
group_items(A) ::= group_item(E).                      { A = list_one(p, E); }
group_items(A) ::= group_items(L) COMMA group_item(E). { A = list_add(p, L, E); }
group_item(A) ::= named_expression(E).     { A = E; }
group_item(A) ::= grouping_analytics(G).   { A = G; }
/* an Aggregate without input, its sets given: only while parsing */
grouping_analytics(A) ::= ROLLUP(T) LP grouping_sets(L) RP.  { A = NEW(Aggregate, T->start, .grouping = GROUPING_ROLLUP, .sets = *L); }
grouping_analytics(A) ::= CUBE(T) LP grouping_sets(L) RP.    { A = NEW(Aggregate, T->start, .grouping = GROUPING_CUBE, .sets = *L); }
grouping_analytics(A) ::= GROUPING(T) SETS LP grouping_elements(L) RP. { A = NEW(Aggregate, T->start, .grouping = GROUPING_SETS, .sets = *L); }
%type grouping_elements {NodeList *}
grouping_elements(A) ::= grouping_element(E).                            { A = list_one(p, E); }
grouping_elements(A) ::= grouping_elements(L) COMMA grouping_element(E). { A = list_add(p, L, E); }
grouping_element(A) ::= grouping_set(S).       { A = S; }
grouping_element(A) ::= grouping_analytics(G). { A = G; }
%type grouping_sets {NodeList *}
grouping_sets(A) ::= grouping_set(S).                        { A = list_one(p, S); }
grouping_sets(A) ::= grouping_sets(L) COMMA grouping_set(S). { A = list_add(p, L, S); }
grouping_set(A) ::= LP(T) RP.       { A = NEW(GroupingSet, T->start, .items = { 0 }); }
grouping_set(A) ::= expression(E).  { A = grouping_set(p, E); }

/* ------------------------------------------------------------------ FROM */
from_opt(A) ::= .                { A = NULL; }
from_opt(A) ::= lateral_views(V). { A = V; }
from_opt(A) ::= from_clause(F).  { A = F; }
from_clause(A) ::= FROM relations(R). [LOWEST]                   { A = R; }
from_clause(A) ::= FROM relations(R) lateral_views(V).           { A = lateral_views_over(p, R, V); }
from_clause(A) ::= FROM relations(R) lateral_views(V) pivot_clause(P).
  { A = pivot_over(p, lateral_views_over(p, R, V), P); }
/* A join after a comma is over all before it (spark.sql.ansi.relationPrecedence is off). LATERAL on the first has nothing to see. */
relations(A) ::= relation_primary(R).             { A = R; }
relations(A) ::= LATERAL relation_primary(R).     { A = R; }
relations(A) ::= relations(L) join_tail(J).       { A = join_over(p, L, J); }
relations(A) ::= relations(L) pivot_clause(P).    { A = pivot_over(p, L, P); }
relations(A) ::= relations(L) COMMA relation_primary(R).
  { A = join_over(p, L, join(p, JOIN_INNER, false, false, R, NULL, NULL)); }
relations(A) ::= relations(L) COMMA LATERAL relation_primary(R).
  { A = join_over(p, L, join(p, JOIN_INNER, false, true, R, NULL, NULL)); }
relation(A) ::= relation_primary(R).              { A = R; }
relation(A) ::= LATERAL relation_primary(R).      { A = R; }
relation(A) ::= relation(L) join_tail(J).         { A = join_over(p, L, J); }
relation(A) ::= relation(L) pivot_clause(P).      { A = pivot_over(p, L, P); }
/* a Join without its left side */
join_tail(A) ::= join_type(K) JOIN lateral_opt(B) relation_primary(R).
  { A = join(p, K, false, B, R, NULL, NULL); }
join_tail(A) ::= join_type(K) JOIN lateral_opt(B) relation_primary(R) ON expression(E).
  { A = join(p, K, false, B, R, E, NULL); }
join_tail(A) ::= join_type(K) JOIN lateral_opt(B) relation_primary(R) USING identifier_list(L).
  { A = join(p, K, false, B, R, NULL, L); }
join_tail(A) ::= NATURAL join_type(K) JOIN lateral_opt(B) relation_primary(R).
  { A = join(p, K, true, B, R, NULL, NULL); }
%type lateral_opt {int}
lateral_opt(A) ::= .         { A = 0; }
lateral_opt(A) ::= LATERAL.  { A = 1; }
%type join_type {int}
join_type(A) ::= .                 { A = JOIN_INNER; }
join_type(A) ::= INNER.            { A = JOIN_INNER; }
join_type(A) ::= CROSS.            { A = JOIN_CROSS; }
join_type(A) ::= LEFT outer_opt.   { A = JOIN_LEFT; }
join_type(A) ::= RIGHT outer_opt.  { A = JOIN_RIGHT; }
join_type(A) ::= FULL outer_opt.   { A = JOIN_FULL; }
join_type(A) ::= SEMI.             { A = JOIN_SEMI; }
join_type(A) ::= LEFT SEMI.        { A = JOIN_SEMI; }
join_type(A) ::= ANTI.             { A = JOIN_ANTI; }
join_type(A) ::= LEFT ANTI.        { A = JOIN_ANTI; }
outer_opt ::= .
outer_opt ::= OUTER.

relation_primary(A) ::= reference_at(R) temporal_opt(V) options_with(O) sample_opt(S) table_alias(N).
  { A = named_relation(p, R, V, O, S, N); }
relation_primary(A) ::= query_parens(Q) sample_opt(S) table_alias(N).
  { A = subquery_relation(p, Q, S, N, NODE_START(Q)); }
relation_primary(A) ::= LP(T) relation(R) RP sample_opt(S) table_alias(N).
  { A = relation_alias(p, sampled(p, S, R), N, T->start); }
relation_primary(A) ::= inline_table(V). [LOWEST]     { A = V; }
relation_primary(A) ::= reference_at(R) LP(T) table_args(L) RP table_alias(N).
  { A = table_function(p, R, L, N); (void)T; }
reference_at(A) ::= reference(N).            { A = NEW(Attribute, reference_start(p, N), .name = *N); }
%type table_alias {TableAlias}
%type table_alias_some {TableAlias}
table_alias(A) ::= . [LOWEST]            { A = (TableAlias){ 0 }; }
table_alias(A) ::= table_alias_some(N).  { A = N; }
table_alias_some(A) ::= strict_identifier(I) identifier_list_opt(C).    { A = (TableAlias){ I, C }; }
table_alias_some(A) ::= AS strict_identifier(I) identifier_list_opt(C). { A = (TableAlias){ I, C }; }
table_alias_some(A) ::= AS(T) identifier_list(C). { A = (TableAlias){ T->text, C }; } /* the alias is "as", in Spark too */
%type options_with {KeyValueList *}
options_with(A) ::= .                       { A = NULL; }
options_with(A) ::= WITH_OPTIONS property_list(L).  { A = L; }
%type temporal_opt {Temporal}
temporal_opt(A) ::= .                                     { A = (Temporal){ NULL, NULL }; }
temporal_opt(A) ::= for_opt version_word AS OF version(V). { A = (Temporal){ V, NULL }; }
temporal_opt(A) ::= for_opt timestamp_word AS OF value(E). { A = (Temporal){ NULL, E }; }
for_opt ::= .
for_opt ::= FOR.
version_word ::= VERSION.
version_word ::= SYSTEM_VERSION.
timestamp_word ::= TIMESTAMP.
timestamp_word ::= SYSTEM_TIME.
version(A) ::= INTEGER_VALUE(T).  { A = literal_string(p, T->text, T->text_len, T->start, T->stop); }
version(A) ::= string(T).         { A = literal_string(p, T->text, T->text_len, T->start, T->stop); }

sample_opt(A) ::= . [LOWEST]  { A = NULL; }
sample_opt(A) ::= sample(S).  { A = S; }
sample(A) ::= TABLESAMPLE LP sample_method(S) RP.                                 { A = S; }
sample(A) ::= TABLESAMPLE LP sample_method(S) RP REPEATABLE LP integer(N) RP.     { A = sample_seed(p, S, N); }
sample_method(A) ::= expression(E) PERCENTLIT.                    { A = sample_percent(p, E); }
sample_method(A) ::= expression(E) ROWS.                          { A = sample_rows(p, E); }
sample_method(A) ::= BUCKET integer(N) OUT OF integer(D).         { A = sample_bucket(p, N, D); }
sample_method(A) ::= BUCKET(T) integer OUT OF integer ON expression.
  { A = NULL; parser_fail(p, T->start, end_of_rule(p), "_LEGACY_ERROR_TEMP_0015", "", "TABLESAMPLE(BUCKET x OUT OF y ON id) is not supported."); }
sample_method(A) ::= expression(E).
  { A = NULL; parser_fail(p, NODE_START(E), end_of_rule(p), "_LEGACY_ERROR_TEMP_0015", "", "TABLESAMPLE(byteLengthLiteral) is not supported."); }
sample_method(A) ::= .
  { A = NULL; parser_fail(p, end_of_rule(p), end_of_rule(p), "_LEGACY_ERROR_TEMP_0014", "", "TABLESAMPLE does not accept empty inputs."); }

lateral_views_opt(A) ::= .                 { A = NULL; }
lateral_views_opt(A) ::= lateral_views(V). { A = V; }
lateral_views(A) ::= lateral_view(V).                   { A = V; }
lateral_views(A) ::= lateral_views(L) lateral_view(V).  { A = lateral_views_over(p, L, V); }
lateral_view(A) ::= LATERAL(T) VIEW outer_word(O) reference_at(F) LP expressions_opt(L) RP lateral_names(N).
  { A = lateral_view(p, O, F, L, N, T->start); }
%type outer_word {int}
outer_word(A) ::= .       { A = 0; }
outer_word(A) ::= OUTER.  { A = 1; }
%type lateral_names {TableAlias}
lateral_names(A) ::= . [LOWEST]                        { A = (TableAlias){ 0 }; }
lateral_names(A) ::= identifier(I). [LOWEST]           { A = (TableAlias){ I, NULL }; }
lateral_names(A) ::= AS identifier_seq(C). [LOWEST]    { A = (TableAlias){ NULL, C }; }
lateral_names(A) ::= identifier(I) AS identifier_seq(C). [LOWEST] { A = (TableAlias){ I, C }; }
lateral_names(A) ::= identifier(I) identifier_seq(C). [LOWEST]    { A = (TableAlias){ I, C }; }

/* a Pivot or Unpivot without its input */
pivot_clause(A) ::= PIVOT(T) LP named_expressions(E) FOR pivot_columns(C) IN LP pivot_values(V) RP RP.
  { A = pivot(p, E, C, V, T->start); }
%type pivot_columns {NodeList *}
pivot_columns(A) ::= ID(T).                   { A = list_one(p, attribute(p, T)); }
pivot_columns(A) ::= LP identifier_seq(L) RP. { A = attributes(p, L); }
%type pivot_values {NodeList *}
pivot_values(A) ::= pivot_value(V).                       { A = list_one(p, V); }
pivot_values(A) ::= pivot_values(L) COMMA pivot_value(V). { A = list_add(p, L, V); }
pivot_value(A) ::= named_expression(E).                   { A = E; }
pivot_clause(A) ::= UNPIVOT(T) unpivot_nulls(N) LP identifier(V) FOR identifier(W) IN LP unpivot_columns(L) RP RP unpivot_alias(S).
  { A = unpivot(p, N, names_one(p, V), W, L, S, T->start); }
pivot_clause(A) ::= UNPIVOT(T) unpivot_nulls(N) LP LP identifier_seq(V) RP FOR identifier(W) IN LP unpivot_sets(L) RP RP unpivot_alias(S).
  { A = unpivot(p, N, V, W, L, S, T->start); }
%type unpivot_alias {const char *}
unpivot_alias(A) ::= . [LOWEST]       { A = NULL; }
unpivot_alias(A) ::= strict_identifier(I).   { A = I; }
unpivot_alias(A) ::= AS strict_identifier(I). { A = I; }
%type unpivot_nulls {int}
unpivot_nulls(A) ::= .              { A = 0; }
unpivot_nulls(A) ::= INCLUDE NULLS. { A = 1; }
unpivot_nulls(A) ::= EXCLUDE NULLS. { A = 0; }
%type unpivot_columns {NodeList *}
unpivot_columns(A) ::= unpivot_column(C).                          { A = list_one(p, C); }
unpivot_columns(A) ::= unpivot_columns(L) COMMA unpivot_column(C). { A = list_add(p, L, C); }
unpivot_column(A) ::= multipart(N) column_alias(I).                { A = unpivot_named(p, row(p, list_one(p, NEW(Attribute, -1, .name = *N)), -1), I); }
%type column_alias {const char *}
column_alias(A) ::= .                { A = NULL; }
column_alias(A) ::= identifier(I).   { A = I; }
column_alias(A) ::= AS identifier(I). { A = I; }
%type unpivot_sets {NodeList *}
unpivot_sets(A) ::= unpivot_set(C).                       { A = list_one(p, C); }
unpivot_sets(A) ::= unpivot_sets(L) COMMA unpivot_set(C). { A = list_add(p, L, C); }
unpivot_set(A) ::= LP multipart_list(L) RP column_alias(I). { A = unpivot_named(p, row(p, L, -1), I); }

/* table functions: f(expressions, name => expression, TABLE(t) PARTITION BY …) */
%type table_args {NodeList *}
%type table_arg_list {NodeList *}
table_args(A) ::= .                    { A = list_new(p); }
table_args(A) ::= table_arg_list(L).   { A = L; }
table_arg_list(A) ::= table_arg(E).                          { A = list_one(p, E); }
table_arg_list(A) ::= table_arg_list(L) COMMA table_arg(E).  { A = list_add(p, L, E); }
table_arg(A) ::= function_argument(E).   { A = E; }
table_arg(A) ::= table_argument(T).      { A = T; }
table_arg(A) ::= ID(K) FAT_ARROW table_argument(T). { A = NEW(NamedArgument, K->start, .key = ident(p, K), .value = T); }
table_argument(A) ::= TABLE(T) table_argument_source(R). { A = table_argument(p, R, NULL, NULL, T->start); }
table_argument(A) ::= TABLE(T) table_argument_source(R) table_partitioning(P) table_order(O).
  { A = table_argument(p, R, P, O, T->start); }
table_argument_source(A) ::= reference_at(N).          { A = N; }
table_argument_source(A) ::= LP reference_at(N) RP.    { A = N; }
table_argument_source(A) ::= query_parens(Q).          { A = Q; }
%type table_partitioning {NodeList *}
table_partitioning(A) ::= WITH SINGLE PARTITION.      { A = list_new(p); }
table_partitioning(A) ::= PARTITION BY expression(E).  { A = row_items(p, E); }
table_partitioning(A) ::= DISTRIBUTE BY expression(E). { A = row_items(p, E); }
%type table_order {NodeList *}
%type table_sort {NodeList *}
table_order(A) ::= .                      { A = NULL; }
table_order(A) ::= ORDER BY table_sort(L). { A = L; }
table_order(A) ::= SORT BY table_sort(L).  { A = L; }
table_sort(A) ::= sort_item(S). { A = table_sort(p, S, NULL, NULL, NULL); } /* (a, b), too */
table_sort(A) ::= LP directed_item(S) directed_rest(R) RP. { A = table_sort(p, NULL, NULL, S, R); }
table_sort(A) ::= LP named_expression(E) COMMA directed_item(S) directed_rest(R) RP. { A = table_sort(p, E, NULL, S, R); }
table_sort(A) ::= LP named_expression(E) COMMA named_expressions(L) COMMA directed_item(S) directed_rest(R) RP.
  { A = table_sort(p, E, L, S, R); }
directed_item(A) ::= expression(E) ASC nulls_order(N).
  { A = NEW(SortOrder, NODE_START(E), .child = E, .direction = SORT_ASC, .nulls = N); }
directed_item(A) ::= expression(E) DESC nulls_order(N).
  { A = NEW(SortOrder, NODE_START(E), .child = E, .direction = SORT_DESC, .nulls = N); }
%type directed_rest {NodeList *}
directed_rest(A) ::= .                     { A = NULL; }
directed_rest(A) ::= COMMA sort_items(L).  { A = L; }

/* ------------------------------------------------------------------ pipe operators */
query_primary(A) ::= query_term(Q) OPERATOR_PIPE pipe_operator(O). { A = pipe_over(p, Q, O); }
%type pipe_operator {Pipe *}
pipe_operator(A) ::= SELECT(T) hints(H) set_quantifier(Q) named_expressions(E) window_opt(N).
  { A = pipe_new(p, PIPE_SELECT); A->select = (Select){ T->start, H, Q == 1, E, NULL, NULL, NULL, NULL, N }; }
pipe_operator(A) ::= EXTEND named_expressions(E).        { A = pipe_new(p, PIPE_EXTEND); A->list = E; }
pipe_operator(A) ::= SET assignments(L).                 { A = pipe_new(p, PIPE_SET); A->list = L; }
pipe_operator(A) ::= DROP identifier_seq(N). [LOWEST]    { A = pipe_new(p, PIPE_DROP); A->names = N; }
pipe_operator(A) ::= AS identifier(I).                   { A = pipe_new(p, PIPE_AS); A->names = names_one(p, I); }
pipe_operator(A) ::= WHERE expression(E).                { A = pipe_new(p, PIPE_WHERE); A->node = E; }
pipe_operator(A) ::= pivot_clause(P).                    { A = pipe_new(p, PIPE_PIVOT); A->node = P; }
pipe_operator(A) ::= sample(S).                          { A = pipe_new(p, PIPE_SAMPLE); A->node = S; }
pipe_operator(A) ::= join_tail(J).                       { A = pipe_new(p, PIPE_JOIN); A->node = J; }
pipe_operator(A) ::= organization(O). [LOWEST]           { A = pipe_new(p, PIPE_ORGANIZE); A->organization = O; }
pipe_operator(A) ::= AGGREGATE(T) named_expressions_opt(E) group_opt(G).
  { A = pipe_new(p, PIPE_AGGREGATE); A->list = E; A->node = G; A->start = T->start; }
pipe_operator(A) ::= set_word(O) set_quantifier(Q) pipe_right(R).
  { A = pipe_new(p, PIPE_SET_OPERATION); A->op = O; A->all = Q == 2; A->node = R; }
%type set_word {int}
set_word(A) ::= UNION.      { A = SETOP_UNION; }
set_word(A) ::= EXCEPT.     { A = SETOP_EXCEPT; }
set_word(A) ::= SETMINUS.   { A = SETOP_EXCEPT; }
set_word(A) ::= INTERSECT.  { A = SETOP_INTERSECT; }
pipe_right(A) ::= SELECT(T) hints(H) set_quantifier(Q) named_expressions(E) from_opt(F) where_opt(W) group_opt(G)
    having_opt(V) window_opt(N).
  { A = select_query(p, &(Select){ T->start, H, Q == 1, E, F, W, G, V, N }); }
pipe_right(A) ::= transform_query(Q).         { A = Q; }
pipe_right(A) ::= from_query(F). [LOWEST]     { A = F; }
pipe_right(A) ::= TABLE(T) reference(N).      { A = NEW(UnresolvedRelation, T->start, .name = *N); }
pipe_right(A) ::= inline_table(V).            { A = V; }
pipe_right(A) ::= query_parens(Q).            { A = Q; }

%type assignments {NodeList *}
assignments(A) ::= assignment(S).                       { A = list_one(p, S); }
assignments(A) ::= assignments(L) COMMA assignment(S).  { A = list_add(p, L, S); }
assignment(A) ::= reference_at(N) EQ expression(E). { A = assignment_of(p, N, E); }

/* ------------------------------------------------------------------ expressions */
%type named_expressions {NodeList *}
%type named_expressions_opt {NodeList *}
named_expressions_opt(A) ::= .                      { A = list_new(p); }
named_expressions_opt(A) ::= named_expressions(L).  { A = L; } [LOWEST]
named_expressions(A) ::= named_expression(E).                            { A = list_one(p, E); } [LOWEST]
named_expressions(A) ::= named_expressions(L) COMMA named_expression(E). { A = list_add(p, L, E); } [LOWEST]
named_expression(A) ::= expression(E).                     { A = E; }
named_expression(A) ::= expression(E) identifier(I).       { A = aliased(p, E, names_one(p, I)); }
named_expression(A) ::= expression(E) AS identifier(I).    { A = aliased(p, E, names_one(p, I)); }
named_expression(A) ::= expression(E) AS identifier_list(L). { A = aliased(p, E, L); }
%type expressions {NodeList *}
%type expressions_opt {NodeList *}
expressions_opt(A) ::= .                { A = list_new(p); }
expressions_opt(A) ::= expressions(L).  { A = L; }
expressions(A) ::= expression(E).                       { A = list_one(p, E); }
expressions(A) ::= expressions(L) COMMA expression(E).  { A = list_add(p, L, E); }

expression(A) ::= or_list(L). { A = logical(p, "or", L); }
%type or_list {NodeList *}
or_list(A) ::= and_expression(E).                { A = list_one(p, E); }
or_list(A) ::= or_list(L) OR and_expression(E).  { A = list_add(p, L, E); }
and_expression(A) ::= and_list(L). { A = logical(p, "and", L); }
%type and_list {NodeList *}
and_list(A) ::= not_expression(E).                  { A = list_one(p, E); }
and_list(A) ::= and_list(L) AND not_expression(E).  { A = list_add(p, L, E); }
not_expression(A) ::= predicated(E).           { A = E; }
not_expression(A) ::= NOT(T) not_expression(E).  { A = function1(p, "not", E, T->start); }
not_expression(A) ::= BANG(T) not_expression(E). { A = function1(p, "not", E, T->start); }
predicated(A) ::= EXISTS(T) query_parens(Q).   { A = NEW(Subquery, T->start, .subquery = SUBQUERY_EXISTS, .plan = Q); }
predicated(A) ::= value(E).                    { A = E; }
predicated(A) ::= value(E) BETWEEN value(L) AND value(U).      { A = between(p, E, false, L, U); }
predicated(A) ::= value(E) not BETWEEN value(L) AND value(U).  { A = between(p, E, true, L, U); }
predicated(A) ::= value(E) IN LP expressions(L) RP.            { A = in_list(p, E, false, L); }
predicated(A) ::= value(E) not IN LP expressions(L) RP.        { A = in_list(p, E, true, L); }
predicated(A) ::= value(E) IN query_parens(Q).                 { A = in_query(p, E, false, Q); }
predicated(A) ::= value(E) not IN query_parens(Q).             { A = in_query(p, E, true, Q); }
predicated(A) ::= value(E) RLIKE value(P).                     { A = operation(p, "rlike", E, P); }
predicated(A) ::= value(E) not RLIKE value(P).                 { A = negated(p, true, operation(p, "rlike", E, P)); }
predicated(A) ::= value(E) like_word(W) value(P) escape_opt(S).     { A = like(p, E, false, W, P, S); }
predicated(A) ::= value(E) not like_word(W) value(P) escape_opt(S). { A = like(p, E, true, W, P, S); }
predicated(A) ::= value(E) like_word(W) any_word(Q) LP expressions_opt(L) RP.     { A = like_quantified(p, E, false, W, Q, L); }
predicated(A) ::= value(E) not like_word(W) any_word(Q) LP expressions_opt(L) RP. { A = like_quantified(p, E, true, W, Q, L); }
predicated(A) ::= value(E) IS NULL.          { A = function1(p, "isnull", E, NODE_START(E)); }
predicated(A) ::= value(E) IS not NULL.      { A = function1(p, "isnotnull", E, NODE_START(E)); }
predicated(A) ::= value(E) IS truth(V).      { A = is_truth(p, E, false, V); }
predicated(A) ::= value(E) IS not truth(V).  { A = is_truth(p, E, true, V); }
predicated(A) ::= value(E) IS DISTINCT FROM value(R).      { A = negated(p, true, operation(p, "<=>", E, R)); }
predicated(A) ::= value(E) IS not DISTINCT FROM value(R).  { A = operation(p, "<=>", E, R); }
%type like_word {int}
like_word(A) ::= LIKE.   { A = 0; }
like_word(A) ::= ILIKE.  { A = 1; }
%type any_word {int}
any_word(A) ::= ANY.   { A = 0; }
any_word(A) ::= SOME.  { A = 0; }
any_word(A) ::= ALL.   { A = 1; }
%type escape_opt {const Token *}
escape_opt(A) ::= .                 { A = NULL; }
escape_opt(A) ::= ESCAPE string(S). { A = S; }
%type truth {int}
truth(A) ::= TRUE.     { A = 1; }
truth(A) ::= FALSE.    { A = 0; }
truth(A) ::= UNKNOWN.  { A = -1; }

value(A) ::= primary(E). [LOWEST]          { A = E; }
value(A) ::= MINUS(T) value(E). [UNARY]    { A = negate(p, T, E); }
value(A) ::= PLUS(T) value(E). [UNARY]     { A = function1(p, "positive", E, T->start); }
value(A) ::= TILDE(T) value(E).            { A = function1(p, "~", E, T->start); }
value(A) ::= value(L) ASTERISK value(R).   { A = operation(p, "*", L, R); }
value(A) ::= value(L) SLASH value(R).      { A = operation(p, "/", L, R); }
value(A) ::= value(L) PERCENT value(R).    { A = operation(p, "%", L, R); }
value(A) ::= value(L) DIV value(R).        { A = operation(p, "div", L, R); }
value(A) ::= value(L) PLUS value(R).       { A = operation(p, "+", L, R); }
value(A) ::= value(L) MINUS value(R).      { A = operation(p, "-", L, R); }
value(A) ::= value(L) CONCAT_PIPE value(R). { A = operation(p, "||", L, R); }
value(A) ::= value(L) SHIFT_LEFT value(R).  { A = operation(p, "<<", L, R); }
value(A) ::= value(L) SHIFT_RIGHT value(R). { A = operation(p, ">>", L, R); }
value(A) ::= value(L) SHIFT_RIGHT_UNSIGNED value(R). { A = operation(p, ">>>", L, R); }
value(A) ::= value(L) AMPERSAND value(R).  { A = operation(p, "&", L, R); }
value(A) ::= value(L) HAT value(R).        { A = operation(p, "^", L, R); }
value(A) ::= value(L) PIPE value(R).       { A = operation(p, "|", L, R); }
value(A) ::= value(L) EQ value(R).         { A = operation(p, "=", L, R); }
value(A) ::= value(L) NSEQ value(R).       { A = operation(p, "<=>", L, R); }
value(A) ::= value(L) NEQ value(R).        { A = operation(p, "!=", L, R); }
value(A) ::= value(L) NEQJ value(R).       { A = operation(p, "!=", L, R); }
value(A) ::= value(L) LT value(R).         { A = operation(p, "<", L, R); }
value(A) ::= value(L) LTE value(R).        { A = operation(p, "<=", L, R); }
value(A) ::= value(L) GT value(R).         { A = operation(p, ">", L, R); }
value(A) ::= value(L) GTE value(R).        { A = operation(p, ">=", L, R); }

primary(A) ::= ID(T).                      { A = attribute(p, T); }
primary(A) ::= literal(L).                 { A = L; }
primary(A) ::= parameter(M).               { A = M; }
primary(A) ::= ASTERISK(T) except_opt(X).  { A = star(p, NULL, X, T->start); }
primary(A) ::= primary(E) DOT ASTERISK except_opt(X). { A = star(p, E, X, NODE_START(E)); }
primary(A) ::= primary(E) DOT identifier(I).          { A = dereference(p, E, I); }
primary(A) ::= primary(E) LB value(K) RB.  { A = NEW(Extract, NODE_START(E), .child = E, .key = K); }
primary(A) ::= primary(E) DOUBLE_COLON data_type(T). [LOWEST]  { A = cast(p, E, T, CAST_SESSION, NODE_START(E)); }
primary(A) ::= primary(E) COLLATE multipart(N). [LOWEST]       { A = collate(p, E, N); }
primary(A) ::= primary(E) COLON json_path(P). [LOWEST] { A = semi_structured(p, E, P); }
primary(A) ::= query_parens(Q). [UNARY]    { A = NEW(Subquery, p->parens_start, .subquery = SUBQUERY_SCALAR, .plan = Q); }
primary(A) ::= LP(T) expression(E) RP.     { A = parenthesized(p, E, T->start); }
primary(A) ::= LP(T) named_expression(E) COMMA named_expressions(L) RP. { A = row_of(p, E, L, T->start); }
primary(A) ::= CASE(T) whens(W) case_else(E) END.               { A = case_when(p, NULL, W, E, T->start); }
primary(A) ::= CASE(T) expression(O) whens(W) case_else(E) END. { A = case_when(p, O, W, E, T->start); }
primary(A) ::= CAST(T) LP expression(E) AS data_type(Y) RP.     { A = cast(p, E, Y, CAST_SESSION, T->start); }
primary(A) ::= TRY_CAST(T) LP expression(E) AS data_type(Y) RP. { A = cast(p, E, Y, CAST_TRY, T->start); }
primary(A) ::= EXTRACT_FROM(T) LP ID(F) FROM value(E) RP.       { A = extract(p, F, E, T->start); }
primary(A) ::= POSITION_IN(T) LP value(S) IN value(E) RP.       { A = function_of(p, "locate", list_add(p, list_one(p, S), E), T->start); }
primary(A) ::= SUBSTRING_FROM(T) LP value(E) FROM value(S) RP.  { A = function_of(p, "substring", list_add(p, list_one(p, E), S), T->start); }
primary(A) ::= SUBSTRING_FROM(T) LP value(E) FROM value(S) FOR value(L) RP.
  { A = function_of(p, "substring", list_add(p, list_add(p, list_one(p, E), S), L), T->start); }
primary(A) ::= SUBSTRING_FROM(T) LP value(E) FROM value(S) COMMA value(L) RP.
  { A = function_of(p, "substring", list_add(p, list_add(p, list_one(p, E), S), L), T->start); }
primary(A) ::= SUBSTRING_FROM(T) LP value(E) COMMA value(S) FOR value(L) RP.
  { A = function_of(p, "substring", list_add(p, list_add(p, list_one(p, E), S), L), T->start); }
primary(A) ::= TRIM_FROM(T) LP trim_side(K) FROM value(E) RP.          { A = trim(p, K, NULL, E, T->start); }
primary(A) ::= TRIM_FROM(T) LP trim_side(K) value(S) FROM value(E) RP. { A = trim(p, K, S, E, T->start); }
%type trim_side {const char *}
trim_side(A) ::= .          { A = "trim"; }
trim_side(A) ::= BOTH.      { A = "trim"; }
trim_side(A) ::= LEADING.   { A = "ltrim"; }
trim_side(A) ::= TRAILING.  { A = "rtrim"; }
primary(A) ::= OVERLAY_PLACING(T) LP value(E) PLACING value(R) FROM value(S) RP.
  { A = function_of(p, "overlay", list_add(p, list_add(p, list_one(p, E), R), S), T->start); }
primary(A) ::= OVERLAY_PLACING(T) LP value(E) PLACING value(R) FROM value(S) FOR value(L) RP.
  { A = function_of(p, "overlay", list_add(p, list_add(p, list_add(p, list_one(p, E), R), S), L), T->start); }
primary(A) ::= IDENTIFIER_KW(T) LP expression(E) RP.  { A = identifier_expression(p, E, T->start); }
primary(A) ::= primary(F) LP(T) call_args(X) RP call_tail(Y). { A = call(p, F, T, &X, &Y); }

%type except_opt {NodeList *}
except_opt(A) ::= . [LOWEST]                              { A = NULL; }
except_opt(A) ::= STAR_EXCEPT LP multipart_list(L) RP.    { A = L; }
parameter(A) ::= QUESTION(T).       { A = parameter(p, T, NULL); }
parameter(A) ::= COLON(T) identifier(I). { A = parameter(p, T, I); }
%type json_path {const char *}
json_path(A) ::= json_part(S). [LOWEST]                       { A = S; }
json_path(A) ::= json_path(L) DOT identifier(I).     { A = arena_printf(p->a, "%s.%s", L, I); }
json_path(A) ::= json_path(L) LB json_key(K) RB.     { A = arena_printf(p->a, "%s[%s]", L, K); }
%type json_part {const char *}
json_part(A) ::= identifier(I).       { A = arena_printf(p->a, "$.%s", I); }
json_part(A) ::= LB json_key(K) RB.   { A = arena_printf(p->a, "$[%s]", K); }
%type json_key {const char *}
json_key(A) ::= string(S).         { A = arena_printf(p->a, "'%s'", S->text); }
json_key(A) ::= INTEGER_VALUE(T).  { A = T->text; }
json_key(A) ::= ASTERISK.          { A = "*"; }

literal(A) ::= NULL(T).                { A = literal_null(p, T); }
literal(A) ::= TRUE(T).                { A = literal_boolean(p, T, true); }
literal(A) ::= FALSE(T).               { A = literal_boolean(p, T, false); }
literal(A) ::= string(T). [LOWEST]     { A = literal_string(p, T->text, T->text_len, T->start, T->stop); }
literal(A) ::= number(T).              { A = literal_number(p, T); }
literal(A) ::= TYPED_WORD(W) STRING_LITERAL(T). { A = literal_typed(p, W, T); }
literal(A) ::= ID(W) STRING_LITERAL(T).        { A = literal_typed(p, W, T); }
literal(A) ::= INTERVAL_LITERAL(T).    { A = T->node; }
%type number {const Token *}
number(A) ::= INTEGER_VALUE(T).       { A = T; }
number(A) ::= DECIMAL_VALUE(T).       { A = T; }
number(A) ::= EXPONENT_VALUE(T).      { A = T; }
number(A) ::= BIGINT_LITERAL(T).      { A = T; }
number(A) ::= SMALLINT_LITERAL(T).    { A = T; }
number(A) ::= TINYINT_LITERAL(T).     { A = T; }
number(A) ::= DOUBLE_LITERAL(T).      { A = T; }
number(A) ::= FLOAT_LITERAL(T).       { A = T; }
number(A) ::= BIGDECIMAL_LITERAL(T).  { A = T; }

%type whens {NodeList *}
whens(A) ::= WHEN expression(C) THEN expression(V).            { A = list_add(p, list_one(p, C), V); }
whens(A) ::= whens(L) WHEN expression(C) THEN expression(V).   { A = list_add(p, list_add(p, L, C), V); }
case_else(A) ::= .                    { A = NULL; }
case_else(A) ::= ELSE expression(E).  { A = E; }

/* ---- calls */
%type call_args {CallArgs}
call_args(A) ::= .                                            { A = (CallArgs){ .list = list_new(p) }; }
call_args(A) ::= set_quantifier_some(Q) function_arguments(L). { A = (CallArgs){ Q == 1, Q == 2, false, L }; }
call_args(A) ::= function_arguments(L).                       { A = (CallArgs){ .list = L }; }
call_args(A) ::= function_arguments(L) IGNORE NULLS.          { A = (CallArgs){ .ignore_nulls = true, .list = L }; }
%type set_quantifier_some {int}
set_quantifier_some(A) ::= DISTINCT. { A = 1; }
set_quantifier_some(A) ::= ALL.      { A = 2; }
%type function_arguments {NodeList *}
function_arguments(A) ::= function_argument(E).                              { A = list_one(p, E); }
function_arguments(A) ::= function_arguments(L) COMMA function_argument(E).  { A = list_add(p, L, E); }
function_argument(A) ::= expression(E).                   { A = E; }
function_argument(A) ::= expression(E) AS identifier(I).  { A = aliased(p, E, names_one(p, I)); }
function_argument(A) ::= ID(K) FAT_ARROW expression(E).   { A = NEW(NamedArgument, K->start, .key = ident(p, K), .value = E); }
function_argument(A) ::= ID(K) ARROW expression(E).       { A = lambda(p, list_one(p, attribute(p, K)), E, K->start); }
function_argument(A) ::= LP(T) named_expression(F) COMMA named_expressions(L) RP ARROW expression(E).
  { A = lambda_of(p, F, L, E, T->start); }
%type call_tail {CallTail}
call_tail(A) ::= within_opt(W) filter_opt(F) nulls_opt(N) over_opt(O). { A = (CallTail){ W, F, N, O }; }
%type within_opt {NodeList *}
within_opt(A) ::= .                                              { A = NULL; }
within_opt(A) ::= WITHIN GROUP LP ORDER BY sort_items(L) RP.     { A = L; }
filter_opt(A) ::= .                                { A = NULL; }
filter_opt(A) ::= FILTER LP WHERE expression(E) RP. { A = E; }
%type nulls_opt {int}
nulls_opt(A) ::= . [LOWEST]      { A = 0; }
nulls_opt(A) ::= IGNORE NULLS.   { A = 1; }
nulls_opt(A) ::= RESPECT NULLS.  { A = 2; }
over_opt(A) ::= .                        { A = NULL; }
over_opt(A) ::= OVER window_spec(W).     { A = W; }

/* ---- windows: a Window without its function */
window_spec(A) ::= ID(T).              { A = NEW(Window, T->start, .name = ident(p, T)); }
window_spec(A) ::= LP(T) window_partition(P) window_order(O) window_frame(F) RP.
  { A = NEW(Window, T->start, .partitions = list_of(P), .orders = list_of(O), .frame = F); }
window_spec(A) ::= LP ID(T) RP.        { A = NEW(Window, T->start, .name = ident(p, T)); }
window_spec(A) ::= LP(T) CLUSTER BY expressions(L) window_frame(F) RP.
  { A = NEW(Window, T->start, .partitions = *L, .orders = list_ascending(p, L), .frame = F); }
%type window_partition {NodeList *}
window_partition(A) ::= .                            { A = NULL; }
window_partition(A) ::= PARTITION BY expressions(L).  { A = L; }
window_partition(A) ::= DISTRIBUTE BY expressions(L). { A = L; }
%type window_order {NodeList *}
window_order(A) ::= . [LOWEST]                 { A = NULL; }
window_order(A) ::= ORDER BY sort_items(L).    { A = L; }
window_order(A) ::= SORT BY sort_items(L).     { A = L; }
window_frame(A) ::= .                                                         { A = NULL; }
window_frame(A) ::= frame_unit(U) frame_bound(L).                             { A = window_frame(p, U, L, NULL, NODE_START(L)); }
window_frame(A) ::= frame_unit(U) BETWEEN frame_bound(L) AND frame_bound(H).  { A = window_frame(p, U, L, H, NODE_START(L)); }
%type frame_unit {int}
frame_unit(A) ::= RANGE.  { A = FRAME_RANGE; }
frame_unit(A) ::= ROWS.   { A = FRAME_ROWS; }
frame_bound(A) ::= UNBOUNDED PRECEDING.      { A = frame_bound(p, BOUND_UNBOUNDED, NULL, true); }
frame_bound(A) ::= UNBOUNDED FOLLOWING.      { A = frame_bound(p, BOUND_UNBOUNDED, NULL, false); }
frame_bound(A) ::= CURRENT ROW.              { A = frame_bound(p, BOUND_CURRENT, NULL, true); }
frame_bound(A) ::= expression(E) PRECEDING.  { A = frame_bound(p, BOUND_VALUE, E, true); }
frame_bound(A) ::= expression(E) FOLLOWING.  { A = frame_bound(p, BOUND_VALUE, E, false); }

/* ------------------------------------------------------------------ types */
%type data_type {const Type *}
data_type(A) ::= ID(T). [LOWEST]                        { A = type_named(p, T, T->text, NULL); }
data_type(A) ::= ID(T) LP type_params(L) RP.            { A = type_named(p, T, T->text, L); }
data_type(A) ::= ID(T) WITHOUT TIME ZONE.               { A = type_without_zone(p, T, NULL); }
data_type(A) ::= ID(T) LP type_params(L) RP WITHOUT TIME ZONE. { A = type_without_zone(p, T, L); }
data_type(A) ::= ID(T) COLLATE multipart(N). [LOWEST]   { A = type_collated(p, T, N); }
data_type(A) ::= ARRAY LT data_type(E) GT.              { A = type_array(p->a, E, true); }
data_type(A) ::= MAP LT data_type(K) COMMA data_type(V) GT. { A = type_map(p->a, K, V, true); }
data_type(A) ::= STRUCT NEQ.                            { A = type_struct(p->a, NULL, 0); }
data_type(A) ::= STRUCT LT GT.                          { A = type_struct(p->a, NULL, 0); }
data_type(A) ::= STRUCT LT struct_fields(F) GT.         { A = type_struct(p->a, F->at, F->len); }
data_type(A) ::= INTERVAL. [LOWEST]                     { A = &type_calendar_interval; }
data_type(A) ::= INTERVAL interval_unit(F). [LOWEST]    { A = type_interval(p, F, F); }
data_type(A) ::= INTERVAL interval_unit(F) TO interval_unit(T). { A = type_interval(p, F, T); }
%type interval_unit {int}
interval_unit(A) ::= YEAR.   { A = TK_YEAR; }
interval_unit(A) ::= MONTH.  { A = TK_MONTH; }
interval_unit(A) ::= DAY.    { A = TK_DAY; }
interval_unit(A) ::= HOUR.   { A = TK_HOUR; }
interval_unit(A) ::= MINUTE. { A = TK_MINUTE; }
interval_unit(A) ::= SECOND. { A = TK_SECOND; }
%type type_params {NodeList *}
type_params(A) ::= type_param(E).                       { A = list_one(p, E); }
type_params(A) ::= type_params(L) COMMA type_param(E).  { A = list_add(p, L, E); }
type_param(A) ::= INTEGER_VALUE(T).                     { A = literal_number(p, T); }
type_param(A) ::= ANY(T).                               { A = attribute_named(p, "ANY", T->start, T->stop); }
%type struct_fields {FieldBuild *}
struct_fields(A) ::= struct_field(F).                        { A = F; }
struct_fields(A) ::= struct_fields(L) COMMA struct_field(F). { A = fields_join(p, L, F); }
%type struct_field {FieldBuild *}
struct_field(A) ::= identifier(I) colon_opt data_type(T) not_null_opt(N) comment_opt(C). { A = field_add(p, NULL, I, T, N, C); }
colon_opt ::= .
colon_opt ::= COLON.
%type not_null_opt {int}
not_null_opt(A) ::= .          { A = 0; }
not_null_opt(A) ::= NOT_NULL.  { A = 1; }
%type comment_opt {const char *}
comment_opt(A) ::= .                   { A = NULL; }
comment_opt(A) ::= COMMENT string(S).  { A = S->text; }
%type col_type_list {FieldBuild *}
col_type_list(A) ::= col_type(F).                        { A = F; }
col_type_list(A) ::= col_type_list(L) COMMA col_type(F). { A = fields_join(p, L, F); }
%type col_type {FieldBuild *}
col_type(A) ::= identifier(I) colon_opt data_type(T) not_null_opt(N) comment_opt(C). { A = field_add(p, NULL, I, T, N, C); }

/* ------------------------------------------------------------------ properties: (key = value, 'key' value, a.b) */
%type property_list {KeyValueList *}
%type properties {KeyValueList *}
property_list(A) ::= LP properties(L) RP. { A = L; }
properties(A) ::= property(K).                      { A = properties_add(p, NULL, K); }
properties(A) ::= properties(L) COMMA property(K).  { A = properties_add(p, L, K); }
%type property {KeyValue}
property(A) ::= property_key(K).                     { A = (KeyValue){ K, NULL }; }
property(A) ::= property_key(K) property_value(V).   { A = (KeyValue){ K, V }; }
property(A) ::= property_key(K) EQ property_value(V). { A = (KeyValue){ K, V }; }
%type property_key {const char *}
property_key(A) ::= multipart(N).  { A = joined(p, N); }
property_key(A) ::= STRING_LITERAL(S).     { A = S->text; }
%type property_value {const char *}
property_value(A) ::= STRING_LITERAL(S).        { A = S->text; }
property_value(A) ::= INTEGER_VALUE(T). { A = T->text; }
property_value(A) ::= DECIMAL_VALUE(T). { A = T->text; }
property_value(A) ::= TRUE.             { A = "true"; }
property_value(A) ::= FALSE.            { A = "false"; }

/* ================================================================== commands */
statement(A) ::= explain_head(M) statement(S). { A = NEW(Explain, 0, .input = S, .mode = M); }
%type explain_head {const char *}
explain_head(A) ::= EXPLAIN.           { A = "SIMPLE"; }
explain_head(A) ::= EXPLAIN LOGICAL.   { A = "LOGICAL"; }
explain_head(A) ::= EXPLAIN FORMATTED. { A = "FORMATTED"; }
explain_head(A) ::= EXPLAIN EXTENDED.  { A = "EXTENDED"; }
explain_head(A) ::= EXPLAIN CODEGEN.   { A = "CODEGEN"; }
explain_head(A) ::= EXPLAIN COST.      { A = "COST"; }

/* ---- words and clauses that several commands share */
namespace ::= NAMESPACE.
namespace ::= DATABASE.
namespace ::= SCHEMA.
namespaces ::= NAMESPACES.
namespaces ::= DATABASES.
namespaces ::= SCHEMAS.
%type if_exists {int}
if_exists(A) ::= .           { A = 0; }
if_exists(A) ::= IF EXISTS.  { A = 1; }
%type if_not_exists {int}
if_not_exists(A) ::= .               { A = 0; }
if_not_exists(A) ::= IF not EXISTS.  { A = 1; }
from_or_in ::= FROM.
from_or_in ::= IN.
%type in_names {StrList *}
in_names(A) ::= .                         { A = NULL; }
in_names(A) ::= from_or_in reference(N).  { A = N; }
%type pattern {const Token *}
pattern(A) ::= .                { A = NULL; }
pattern(A) ::= string(S).       { A = S; }
pattern(A) ::= LIKE string(S).  { A = S; }
%type partition {NodeList *}
%type partition_opt {NodeList *}
%type partition_values {NodeList *}
partition_opt(A) ::= . [LOWEST]      { A = NULL; }
partition_opt(A) ::= partition(L).   { A = L; }
partition(A) ::= PARTITION LP partition_values(L) RP. { A = L; }
partition_values(A) ::= partition_value(V).                           { A = list_one(p, V); }
partition_values(A) ::= partition_values(L) COMMA partition_value(V). { A = list_add(p, L, V); }
partition_value(A) ::= identifier(I).                 { A = partition_value(p, I, NULL); }
partition_value(A) ::= identifier(I) EQ constant(V).  { A = partition_value(p, I, V); }
partition_value(A) ::= identifier(I) EQ DEFAULT(T).   { A = partition_value(p, I, node_at(node_new(p->a, Default, .unused = false), T->start, T->stop)); }
constant(A) ::= literal(L).             { A = L; }
constant(A) ::= parameter(M).           { A = M; }
constant(A) ::= MINUS(T) number(N).     { A = negate(p, T, literal_number(p, N)); }

/* ---- USE, SET VARIABLE, DECLARE */
statement(A) ::= USE(T) reference(N).             { A = use_names(p, "NAMESPACE", N, T->start); }
statement(A) ::= USE(T) namespace reference(N).   { A = use_names(p, "NAMESPACE", N, T->start); }
statement(A) ::= SET(T) CATALOG reference(N).     { A = use_names(p, "CATALOG", N, T->start); }
statement(A) ::= SET(T) CATALOG string(S).        { A = use_names(p, "CATALOG", names_one(p, S->text), T->start); }
set_variable(A) ::= SET(T) variable assignments(L).  { A = set_variables(p, L, T->start); }
set_variable(A) ::= SET(T) variable LP multipart_list(L) RP EQ query_parens(Q). { A = set_variables_query(p, L, Q, T->start); }
variable ::= VARIABLE.
variable ::= VAR.
statement(A) ::= declare_head(R) multipart_list(L) declare_type(Y) declare_default(E).
  { A = declare_variables(p, R, L, Y, E); }
%type declare_head {int}
declare_head(A) ::= DECLARE.                     { A = 0; }
declare_head(A) ::= DECLARE variable.            { A = 0; }
declare_head(A) ::= DECLARE OR REPLACE.          { A = 1; }
declare_head(A) ::= DECLARE OR REPLACE variable. { A = 1; }
%type declare_type {const Type *}
declare_type(A) ::= .              { A = NULL; }
declare_type(A) ::= data_type(Y).  { A = Y; }
declare_default(A) ::= .                       { A = NULL; }
declare_default(A) ::= DEFAULT expression(E).  { A = E; }
declare_default(A) ::= EQ expression(E).       { A = E; }
statement(A) ::= EXECUTE(T) IMMEDIATE expression(E) execute_into(I) execute_using(U).
  { A = execute_immediate(p, E, I, U, T->start); }
%type execute_into {NodeList *}
execute_into(A) ::= .                       { A = NULL; }
execute_into(A) ::= INTO multipart_list(L). { A = L; }
%type execute_using {NodeList *}
execute_using(A) ::= .                            { A = NULL; }
execute_using(A) ::= USING named_expressions(L).  { A = L; }
execute_using(A) ::= USING LP expression(E) AS identifier(I) RP.  { A = list_one(p, aliased(p, E, names_one(p, I))); }

/* ---- INSERT, UPDATE, DELETE, MERGE */
statement(A) ::= insert(S).           { A = S; }
statement(A) ::= ctes(W) insert(S).   { A = with_ctes(p, W, S); }
statement(A) ::= ctes(W) change(S).   { A = with_ctes(p, W, S); }
statement(A) ::= change(S).           { A = S; }
statement(A) ::= multi_insert(S).         { A = S; }
statement(A) ::= ctes(W) multi_insert(S). { A = with_ctes(p, W, S); }
insert(A) ::= insert_head(I) query(Q).                     { A = insert_query(p, I, Q); }
insert(A) ::= insert_head(I) identifier_list(L) query(Q).  { I->columns = L; A = insert_query(p, I, Q); }
insert(A) ::= insert_head(I) BY NAME query(Q).             { I->by_name = true; A = insert_query(p, I, Q); }
insert(A) ::= insert_head(I) REPLACE WHERE expression(E) query(Q). { I->replace_where = E; A = insert_query(p, I, Q); }
%type insert_head {Insert *}
insert_head(A) ::= INSERT(T) INTO table_opt reference(N) options_with(O) partition_opt(V) if_not_exists(E).
  { A = insert_new(p, T->start, false, N, O, V, E); }
insert_head(A) ::= INSERT(T) OVERWRITE table_opt reference(N) options_with(O) partition_opt(V) if_not_exists(E).
  { A = insert_new(p, T->start, true, N, O, V, E); }
table_opt ::= .
table_opt ::= TABLE.
insert(A) ::= INSERT(T) OVERWRITE local_opt DIRECTORY string(S) USING reference(F) options_opt(O) query(Q).
  { A = insert_directory(p, S->text, joined(p, F), O, Q, T->start); }
insert(A) ::= INSERT(T) OVERWRITE local_opt DIRECTORY USING reference(F) options_opt(O) query(Q).
  { A = insert_directory(p, NULL, joined(p, F), O, Q, T->start); }
insert(A) ::= INSERT(T) OVERWRITE local_opt DIRECTORY string(S) directory_format(F) query(Q).
  { A = insert_directory(p, S->text, F, NULL, Q, T->start); }
local_opt ::= .
local_opt ::= LOCAL.
%type directory_format {const char *}
directory_format(A) ::= .                                      { A = "hive"; }
directory_format(A) ::= row_format.                            { A = "hive"; }
directory_format(A) ::= STORED AS identifier(I).               { A = I; }
directory_format(A) ::= row_format STORED AS identifier(I).    { A = I; }
%type options_opt {KeyValueList *}
options_opt(A) ::= .                         { A = NULL; }
options_opt(A) ::= OPTIONS property_list(L). { A = L; }
multi_insert(A) ::= from_clause(F) multi_inserts(L).  { A = multi_insert(p, F, L); }
%type multi_inserts {MultiInsert *}
%type multi_head {Insert *}
multi_inserts(A) ::= multi_head(I) from_body(B).                                  { A = multi_insert_add(p, NULL, I, B, NULL); }
multi_inserts(A) ::= multi_head(I) from_body(B) organization(O).                  { A = multi_insert_add(p, NULL, I, B, O); }
multi_inserts(A) ::= multi_inserts(L) multi_head(I) from_body(B).                 { A = multi_insert_add(p, L, I, B, NULL); }
multi_inserts(A) ::= multi_inserts(L) multi_head(I) from_body(B) organization(O). { A = multi_insert_add(p, L, I, B, O); }
multi_head(A) ::= insert_head(I).                     { A = I; }
multi_head(A) ::= insert_head(I) identifier_list(L).  { A = I; A->columns = L; }
multi_head(A) ::= insert_head(I) BY NAME.             { A = I; A->by_name = true; }

change(A) ::= DELETE(T) FROM reference_at(N) table_alias(S) where_opt(W).
  { A = NEW(Delete, T->start, .table = changed_table(p, N, S), .predicate = W); }
change(A) ::= UPDATE(T) reference_at(N) table_alias(S) SET assignments(L) where_opt(W).
  { A = NEW(Update, T->start, .table = changed_table(p, N, S), .assignments = *L, .predicate = W); }
change(A) ::= MERGE(T) merge_evolution(E) INTO reference_at(N) table_alias(S) USING merge_source(R) ON expression(C) merge_clauses(L).
  { A = NEW(Merge, T->start, .target = changed_table(p, N, S), .source = R, .condition = C, .clauses = list_of(L), .schema_evolution = E); }
%type merge_evolution {int}
merge_evolution(A) ::= .                       { A = 0; }
merge_evolution(A) ::= WITH SCHEMA EVOLUTION.  { A = 1; }
merge_source(A) ::= reference_at(N) table_alias(S).  { A = changed_table(p, N, S); }
merge_source(A) ::= query_parens(Q) table_alias(S).  { A = relation_alias(p, Q, S, NODE_START(Q)); }
%type merge_clauses {NodeList *}
merge_clauses(A) ::= .                                 { A = NULL; }
merge_clauses(A) ::= merge_clauses(L) merge_clause(C). { A = L ? list_add(p, L, C) : list_one(p, C); }
merge_clause(A) ::= WHEN MATCHED merge_condition(C) THEN DELETE.                       { A = merge_clause(p, "MATCHED", C, "DELETE", NULL); }
merge_clause(A) ::= WHEN MATCHED merge_condition(C) THEN UPDATE SET ASTERISK.          { A = merge_clause(p, "MATCHED", C, "UPDATE *", NULL); }
merge_clause(A) ::= WHEN MATCHED merge_condition(C) THEN UPDATE SET assignments(L).    { A = merge_clause(p, "MATCHED", C, "UPDATE", L); }
merge_clause(A) ::= WHEN not MATCHED by_target merge_condition(C) THEN INSERT ASTERISK. { A = merge_clause(p, "NOT MATCHED", C, "INSERT *", NULL); }
merge_clause(A) ::= WHEN not MATCHED by_target merge_condition(C) THEN INSERT LP multipart_list(N) RP VALUES LP expressions(V) RP.
  { A = merge_clause(p, "NOT MATCHED", C, "INSERT", merge_insert(p, N, V)); }
merge_clause(A) ::= WHEN not MATCHED BY SOURCE merge_condition(C) THEN DELETE.         { A = merge_clause(p, "NOT MATCHED BY SOURCE", C, "DELETE", NULL); }
merge_clause(A) ::= WHEN not MATCHED BY SOURCE merge_condition(C) THEN UPDATE SET assignments(L). { A = merge_clause(p, "NOT MATCHED BY SOURCE", C, "UPDATE", L); }
by_target ::= .
by_target ::= BY TARGET.
merge_condition(A) ::= .                    { A = NULL; }
merge_condition(A) ::= AND expression(E).   { A = E; }

/* ---- CREATE */
statement(A) ::= create(C). { A = C; }
create_word ::= CREATE(T).              { spec_begin(p, T->start)->create = true; }
create_word ::= CREATE(T) OR REPLACE.   { spec_begin(p, T->start)->create = true; p->spec->replace = true; }
temporary_opt ::= .
temporary_opt ::= TEMPORARY.            { p->spec->temporary = true; }
temporary_opt ::= GLOBAL TEMPORARY.     { p->spec->temporary = p->spec->global = true; }
create_name ::= if_not_exists(E) reference(N). { p->spec->if_not_exists = E; p->spec->name = N; }
table_head ::= create_word temporary_opt TABLE create_name.
table_head ::= create_word temporary_opt EXTERNAL TABLE create_name.  { p->spec->external = true; }
table_head ::= REPLACE(T) TABLE reference(N).   { spec_begin(p, T->start)->replace = true; p->spec->name = N; }
create(A) ::= table_head table_clauses as_query(Q).                        { A = create_table(p, Q); }
create(A) ::= table_head table_columns table_clauses as_query(Q).          { A = create_table(p, Q); }
create(A) ::= table_head LIKE reference(N) table_clauses.                  { A = create_table_like(p, N); }
as_query(A) ::= .             { A = NULL; }
as_query(A) ::= AS query(Q).  { A = Q; }
as_query(A) ::= query(Q).     { A = Q; }
table_columns ::= LP table_elements(L) RP.  { p->spec->columns = L; }
%type table_elements {NodeList *}
table_elements(A) ::= table_element(C).                         { A = C ? list_one(p, C) : list_new(p); }
table_elements(A) ::= table_elements(L) COMMA table_element(C). { A = C ? list_add(p, L, C) : L; }
table_element(A) ::= column_definition(C).  { A = C; }
table_element(A) ::= table_constraint(T).   { A = NULL; table_operation(p, T, "CONSTRAINT"); }
column_definition(A) ::= identifier(I) data_type(Y) column_options(O). { A = column_definition(p, I, Y, O, name_start(p)); }
%type column_options {ColumnOptions *}
column_options(A) ::= .                                          { A = NULL; }
column_options(A) ::= column_options(O) NOT_NULL.                { A = column_option(p, O, COLUMN_NOT_NULL, NULL, NULL); }
column_options(A) ::= column_options(O) COMMENT string(S).       { A = column_option(p, O, COLUMN_COMMENT, S->text, NULL); }
column_options(A) ::= column_options(O) DEFAULT expression(E).   { A = column_option(p, O, COLUMN_DEFAULT, NULL, E); }
column_options(A) ::= column_options(O) GENERATED ALWAYS AS LP expression(E) RP. { A = column_option(p, O, COLUMN_GENERATED, NULL, E); }
column_options(A) ::= column_options(O) GENERATED(T) ALWAYS AS IDENTITY identity_spec.     { A = O; table_operation(p, T->start, "identity columns"); }
column_options(A) ::= column_options(O) GENERATED(T) BY DEFAULT AS IDENTITY identity_spec. { A = O; table_operation(p, T->start, "identity columns"); }
column_options(A) ::= column_options(O) column_constraint(T). { A = O; table_operation(p, T, "CONSTRAINT"); }
identity_spec ::= .
identity_spec ::= LP identity_options RP.
identity_options ::= .
identity_options ::= identity_options START WITH identity_value.
identity_options ::= identity_options INCREMENT BY identity_value.
identity_value ::= number.
identity_value ::= MINUS number.
%type column_constraint {int}
%type table_constraint {int}
column_constraint(A) ::= constraint_name(N) column_rule(T) constraint_traits.  { A = N >= 0 ? N : T; }
table_constraint(A) ::= constraint_name(N) table_rule(T) constraint_traits.    { A = N >= 0 ? N : T; }
%type constraint_name {int}
constraint_name(A) ::= .                              { A = -1; }
constraint_name(A) ::= CONSTRAINT(T) identifier.      { A = T->start; }
%type column_rule {int}
column_rule(A) ::= CHECK(T) LP expression RP.     { A = T->start; }
column_rule(A) ::= UNIQUE(T).                     { A = T->start; }
column_rule(A) ::= PRIMARY(T) KEY.                { A = T->start; }
column_rule(A) ::= references(T).                 { A = T; }
%type table_rule {int}
table_rule(A) ::= CHECK(T) LP expression RP.                      { A = T->start; }
table_rule(A) ::= UNIQUE(T) identifier_list.                      { A = T->start; }
table_rule(A) ::= PRIMARY(T) KEY identifier_list.                 { A = T->start; }
table_rule(A) ::= FOREIGN(T) KEY identifier_list references.      { A = T->start; }
%type references {int}
references(A) ::= REFERENCES(T) multipart.                  { A = T->start; }
references(A) ::= REFERENCES(T) multipart identifier_list.  { A = T->start; }
constraint_traits ::= .
constraint_traits ::= constraint_traits ENFORCED.
constraint_traits ::= constraint_traits NOT ENFORCED.
constraint_traits ::= constraint_traits RELY.
constraint_traits ::= constraint_traits NORELY.

table_clauses ::= . [LOWEST]
table_clauses ::= table_clauses table_clause. [LOWEST]
table_clause ::= USING reference(N).            { spec_text(p, &p->spec->format, "USING", joined(p, N)); }
table_clause ::= OPTIONS property_list(L).      { spec_pairs(p, &p->spec->options, "OPTIONS", L); }
table_clause ::= TBLPROPERTIES property_list(L). { spec_pairs(p, &p->spec->properties, "TBLPROPERTIES", L); }
table_clause ::= LOCATION string(S).            { spec_text(p, &p->spec->location, "LOCATION", S->text); }
table_clause ::= COMMENT string(S).             { spec_text(p, &p->spec->comment, "COMMENT", S->text); }
table_clause ::= PARTITIONED BY LP partition_fields(L) RP. { spec_partitioned(p, L); }
table_clause ::= CLUSTERED BY identifier_list(L) sorted_by INTO integer(N) BUCKETS.
  { spec_names(p, &p->spec->bucket_by, "CLUSTERED BY", L); p->spec->buckets = N; }
table_clause ::= CLUSTER BY LP multipart_list(L) RP. { spec_clustered(p, L); }
table_clause ::= SKEWED(T) BY identifier_list ON LP expressions RP stored_directories.
  { parser_fail(p, T->start, end_of_rule(p), "_LEGACY_ERROR_TEMP_0035", "", "Operation not allowed: CREATE TABLE ... SKEWED BY."); }
table_clause ::= STORED AS identifier(I).       { spec_text(p, &p->spec->format, "STORED AS", I); }
table_clause ::= STORED AS INPUTFORMAT string(I) OUTPUTFORMAT string(O). { spec_file_format(p, I->text, O->text); }
table_clause ::= STORED(T) BY string.           { parser_fail(p, T->start, end_of_rule(p), "_LEGACY_ERROR_TEMP_0035", "", "Operation not allowed: STORED BY."); }
table_clause ::= row_format(T).                 { spec_text(p, &p->spec->row_format, "ROW FORMAT", rule_text(p, T->first)); }
table_clause ::= DEFAULT COLLATION identifier(I).     { spec_text(p, &p->spec->collation, "DEFAULT COLLATION", named_collation(p, names_one(p, I))); }
stored_directories ::= . [LOWEST]
stored_directories ::= STORED AS DIRECTORIES.
sorted_by ::= .
sorted_by ::= SORTED BY LP sorted_columns(L) RP. { p->spec->sort_by = L; }
%type sorted_columns {StrList *}
%type sorted_column {const char *}
sorted_columns(A) ::= sorted_column(I).                         { A = names_one(p, I); }
sorted_columns(A) ::= sorted_columns(L) COMMA sorted_column(I). { A = names_add(p, L, I); }
sorted_column(A) ::= identifier(I).          { A = I; }
sorted_column(A) ::= identifier(I) ASC.      { A = I; }
sorted_column(A) ::= identifier(I) DESC(T).  { A = I; parser_fail(p, T->start, T->stop, "_LEGACY_ERROR_TEMP_0035", "", "Operation not allowed: Column ordering must be ASC, was 'DESC'."); }
%type row_format {RowFormat *}
row_format(A) ::= ROW(T) FORMAT SERDE string serde_properties. { A = row_format(p, &(RowFormat){ .first = T, .serde = true }); }
row_format(A) ::= ROW(T) FORMAT DELIMITED row_fields(F) row_collection row_keys row_lines(L) row_null(N).
  { A = row_format(p, &(RowFormat){ .first = T, .fields = F, .lines = L, .null = N }); }
serde_properties ::= . [LOWEST]
serde_properties ::= WITH SERDEPROPERTIES property_list.
%type row_fields {const char *}
row_fields(A) ::= .                                                    { A = NULL; }
row_fields(A) ::= FIELDS TERMINATED BY string(S).                      { A = S->text; }
row_fields(A) ::= FIELDS TERMINATED BY string(S) ESCAPED BY string.    { A = S->text; }
row_collection ::= .
row_collection ::= COLLECTION ITEMS TERMINATED BY string.
row_keys ::= .
row_keys ::= MAP KEYS TERMINATED BY string.
%type row_lines {const char *}
row_lines(A) ::= .                            { A = NULL; }
row_lines(A) ::= LINES TERMINATED BY string(S). { A = S->text; }
%type row_null {const char *}
row_null(A) ::= .                          { A = NULL; }
row_null(A) ::= NULL DEFINED AS string(S). { A = S->text; }
%type partition_fields {NodeList *}
partition_fields(A) ::= partition_field(F).                           { A = list_one(p, F); }
partition_fields(A) ::= partition_fields(L) COMMA partition_field(F). { A = list_add(p, L, F); }
partition_field(A) ::= multipart(N).    { A = NEW(Attribute, reference_start(p, N), .name = *N); }
partition_field(A) ::= identifier(I) LP transform_arguments(L) RP. { A = function_of(p, I, L, name_start(p)); }
partition_field(A) ::= identifier(I) data_type(Y) not_null_opt(N) comment_opt(C). { A = NEW(ColumnDefinition, name_start(p), .name = I, .of = Y, .not_null = N, .comment = C); }
%type transform_arguments {NodeList *}
transform_arguments(A) ::= transform_argument(E).                              { A = list_one(p, E); }
transform_arguments(A) ::= transform_arguments(L) COMMA transform_argument(E). { A = list_add(p, L, E); }
transform_argument(A) ::= multipart(N).   { A = NEW(Attribute, reference_start(p, N), .name = *N); }
transform_argument(A) ::= constant(V).    { A = V; }

create(A) ::= create_word temporary_opt VIEW create_name view_columns(C) view_clauses AS(T) query(Q). { A = create_view(p, C, Q, T); }
create(A) ::= create_word temporary_opt VIEW create_name view_columns(C) USING reference(F) options_opt(O).
  { p->spec->format = joined(p, F); p->spec->options = O; A = create_view_using(p, C); }
%type view_columns {NodeList *}
%type view_column_list {NodeList *}
view_columns(A) ::= .                             { A = NULL; }
view_columns(A) ::= LP view_column_list(L) RP.    { A = L; }
view_column_list(A) ::= view_column(C).                           { A = list_one(p, C); }
view_column_list(A) ::= view_column_list(L) COMMA view_column(C). { A = list_add(p, L, C); }
view_column(A) ::= identifier(I) comment_opt(C).  { A = NEW(ColumnDefinition, name_start(p), .name = I, .comment = C); }
view_column(A) ::= identifier(I) data_type(Y) not_null_opt(N) comment_opt(C). { A = NEW(ColumnDefinition, name_start(p), .name = I, .of = Y, .not_null = N, .comment = C); }
view_clauses ::= .
view_clauses ::= view_clauses view_clause.
view_clause ::= COMMENT string(S).              { spec_text(p, &p->spec->comment, "COMMENT", S->text); }
view_clause ::= TBLPROPERTIES property_list(L). { spec_pairs(p, &p->spec->properties, "TBLPROPERTIES", L); }
view_clause ::= PARTITIONED ON identifier_list(L). { spec_names(p, &p->spec->partition_by, "PARTITIONED ON", L); }
view_clause ::= schema_binding(M).              { spec_text(p, &p->spec->schema_mode, "WITH SCHEMA", M); }
view_clause ::= DEFAULT COLLATION identifier(I).     { spec_text(p, &p->spec->collation, "DEFAULT COLLATION", named_collation(p, names_one(p, I))); }
%type schema_binding {const char *}
schema_binding(A) ::= WITH SCHEMA BINDING.        { A = "BINDING"; }
schema_binding(A) ::= WITH SCHEMA COMPENSATION.   { A = "COMPENSATION"; }
schema_binding(A) ::= WITH SCHEMA EVOLUTION.      { A = "EVOLUTION"; }
schema_binding(A) ::= WITH SCHEMA TYPE EVOLUTION. { A = "TYPE EVOLUTION"; }

create(A) ::= create_word namespace create_name namespace_clauses. { A = create_namespace(p); }
namespace_clauses ::= .
namespace_clauses ::= namespace_clauses namespace_clause.
namespace_clause ::= COMMENT string(S).    { spec_text(p, &p->spec->comment, "COMMENT", S->text); }
namespace_clause ::= LOCATION string(S).   { spec_text(p, &p->spec->location, "LOCATION", S->text); }
namespace_clause ::= WITH properties_word property_list(L). { spec_pairs(p, &p->spec->properties, "WITH PROPERTIES", L); }
namespace_clause ::= DEFAULT(T) COLLATION identifier(I).  { collation_clause(p, T, I); }
properties_word ::= DBPROPERTIES.
properties_word ::= PROPERTIES.

create(A) ::= create_word temporary_opt FUNCTION create_name AS string(S) function_using. { A = create_function(p, S->text); }
function_using ::= .
function_using ::= USING function_resources.
function_resources ::= function_resource.
function_resources ::= function_resources COMMA function_resource.
function_resource ::= identifier string.
create(A) ::= create_word temporary_opt FUNCTION create_name LP function_params(L) RP function_returns(Y) characteristics RETURN expression(E).
  { A = create_sql_function(p, L, Y.type, Y.table, NULL, E); }
create(A) ::= create_word temporary_opt FUNCTION create_name LP function_params(L) RP function_returns(Y) characteristics RETURN query_bare(Q).
  { A = create_sql_function(p, L, Y.type, Y.table, Q, NULL); }
%type function_params {NodeList *}
%type function_param_list {NodeList *}
function_params(A) ::= .                         { A = NULL; }
function_params(A) ::= function_param_list(L).   { A = L; }
function_param_list(A) ::= column_definition(C).                              { A = list_one(p, C); }
function_param_list(A) ::= function_param_list(L) COMMA column_definition(C). { A = list_add(p, L, C); }
%type function_returns {Returns}
function_returns(A) ::= . [LOWEST]              { A = (Returns){ NULL, false }; }
function_returns(A) ::= RETURNS data_type(Y).   { A = (Returns){ Y, false }; }
function_returns(A) ::= RETURNS TABLE.          { A = (Returns){ NULL, true }; }
function_returns(A) ::= RETURNS TABLE LP col_type_list(F) RP. { A = (Returns){ type_struct(p->a, F->at, F->len), true }; }
characteristics ::= .
characteristics ::= characteristics characteristic.
characteristic ::= LANGUAGE SQL.
characteristic ::= LANGUAGE identifier(I).    { language_clause(p, I); }
characteristic ::= SPECIFIC identifier.
characteristic ::= DETERMINISTIC.
characteristic ::= NOT DETERMINISTIC.
characteristic ::= NO SQL.
characteristic ::= CONTAINS SQL.              { p->spec->data_access = DATA_CONTAINS_SQL; }
characteristic ::= READS SQL DATA.            { p->spec->data_access = DATA_READS_SQL; }
characteristic ::= MODIFIES SQL DATA.
characteristic ::= RETURNS NULL ON NULL INPUT.
characteristic ::= CALLED ON NULL INPUT.
characteristic ::= COMMENT string(S).         { spec_text(p, &p->spec->comment, "COMMENT", S->text); }
characteristic ::= SQL SECURITY INVOKER.
characteristic ::= SQL SECURITY DEFINER.

/* ---- DROP */
statement(A) ::= DROP(T) TABLE if_exists(E) reference(N).        { A = NEW(DropObject, T->start, .what = "TABLE", .name = *N, .if_exists = E); }
statement(A) ::= DROP(T) TABLE if_exists(E) reference(N) PURGE.  { A = NEW(DropObject, T->start, .what = "TABLE", .name = *N, .if_exists = E, .purge = true); }
statement(A) ::= DROP(T) VIEW if_exists(E) reference(N).         { A = NEW(DropObject, T->start, .what = "VIEW", .name = *N, .if_exists = E); }
statement(A) ::= DROP(T) namespace if_exists(E) reference(N) cascade(C). { A = NEW(DropObject, T->start, .what = "DATABASE", .name = *N, .if_exists = E, .cascade = C); }
statement(A) ::= DROP(T) FUNCTION if_exists(E) reference(N).     { A = NEW(DropObject, T->start, .what = "FUNCTION", .name = *N, .if_exists = E); }
statement(A) ::= DROP(T) TEMPORARY FUNCTION if_exists(E) reference(N). { A = NEW(DropObject, T->start, .what = "FUNCTION", .name = *N, .if_exists = E, .temporary = true); }
statement(A) ::= DROP(T) TEMPORARY variable if_exists(E) reference(N). { A = NEW(DropObject, T->start, .what = "VARIABLE", .name = *N, .if_exists = E, .temporary = true); }
%type cascade {int}
cascade(A) ::= .          { A = 0; }
cascade(A) ::= RESTRICT.  { A = 0; }
cascade(A) ::= CASCADE.   { A = 1; }

/* ---- ALTER */
%type alter_table {StrList *}
%type alter_view {StrList *}
%type alter_namespace {StrList *}
alter_table(A) ::= ALTER TABLE reference(N).           { A = N; }
alter_view(A) ::= ALTER VIEW reference(N).             { A = N; }
alter_namespace(A) ::= ALTER namespace reference(N).   { A = N; }
statement(A) ::= alter_namespace(N) SET properties_word property_list(L).   { A = alter(p, "DATABASE", N, "SET DBPROPERTIES", NULL, NULL, L, NULL); }
statement(A) ::= alter_namespace(N) UNSET properties_word property_list(L). { A = alter(p, "DATABASE", N, "UNSET DBPROPERTIES", NULL, NULL, L, NULL); }
statement(A) ::= alter_namespace(N) SET LOCATION string(S). { A = alter(p, "DATABASE", N, "SET LOCATION", names_one(p, S->text), NULL, NULL, NULL); }
statement(A) ::= alter_namespace(N) DEFAULT(T) COLLATION identifier(I).     { collation_clause(p, T, I); A = alter(p, "DATABASE", N, "DEFAULT COLLATION", NULL, NULL, NULL, NULL); }
statement(A) ::= alter_view(N) RENAME TO multipart(M).             { A = alter(p, "VIEW", N, "RENAME TO", M, NULL, NULL, NULL); }
statement(A) ::= alter_view(N) SET TBLPROPERTIES property_list(L). { A = alter(p, "VIEW", N, "SET TBLPROPERTIES", NULL, NULL, L, NULL); }
statement(A) ::= alter_view(N) UNSET TBLPROPERTIES if_exists(E) property_list(L). { A = alter_if_exists(p, alter(p, "VIEW", N, "UNSET TBLPROPERTIES", NULL, NULL, L, NULL), E); }
statement(A) ::= alter_view(N) schema_binding(M).                  { A = alter(p, "VIEW", N, "WITH SCHEMA", names_one(p, M), NULL, NULL, NULL); }
statement(A) ::= alter_view(N) AS(T) query(Q).                     { A = alter_view_query(p, N, Q, T); }
statement(A) ::= alter_view(N) query_bare(Q).                      { A = alter_view_query(p, N, Q, NULL); }
statement(A) ::= alter_table(N) RENAME TO multipart(M).            { A = alter(p, "TABLE", N, "RENAME TO", M, NULL, NULL, NULL); }
statement(A) ::= alter_table(N) partition(V) RENAME TO partition(W). { A = alter(p, "TABLE", N, "RENAME PARTITION", NULL, W, NULL, V); }
statement(A) ::= alter_table(N) SET TBLPROPERTIES property_list(L). { A = alter(p, "TABLE", N, "SET TBLPROPERTIES", NULL, NULL, L, NULL); }
statement(A) ::= alter_table(N) UNSET TBLPROPERTIES if_exists(E) property_list(L). { A = alter_if_exists(p, alter(p, "TABLE", N, "UNSET TBLPROPERTIES", NULL, NULL, L, NULL), E); }
statement(A) ::= alter_table(N) ADD column_word position_columns(L).        { A = alter(p, "TABLE", N, "ADD COLUMNS", NULL, L, NULL, NULL); }
statement(A) ::= alter_table(N) ADD column_word LP position_columns(L) RP.  { A = alter(p, "TABLE", N, "ADD COLUMNS", NULL, L, NULL, NULL); }
statement(A) ::= alter_table(N) ADD table_constraint.    { A = alter(p, "TABLE", N, "ADD CONSTRAINT", NULL, NULL, NULL, NULL); }
statement(A) ::= alter_table(N) DROP CONSTRAINT if_exists(E) identifier(I) cascade. { A = alter_if_exists(p, alter(p, "TABLE", N, "DROP CONSTRAINT", names_one(p, I), NULL, NULL, NULL), E); }
statement(A) ::= alter_table(N) RENAME COLUMN multipart(M) TO identifier(I). { A = alter(p, "TABLE", N, "RENAME COLUMN", names_add(p, names_one(p, joined(p, M)), I), NULL, NULL, NULL); }
statement(A) ::= alter_table(N) DROP column_word if_exists(E) multipart_list(L).       { A = alter_if_exists(p, alter(p, "TABLE", N, "DROP COLUMNS", NULL, L, NULL, NULL), E); }
statement(A) ::= alter_table(N) DROP column_word if_exists(E) LP multipart_list(L) RP. { A = alter_if_exists(p, alter(p, "TABLE", N, "DROP COLUMNS", NULL, L, NULL, NULL), E); }
statement(A) ::= alter_table(N) alter_or_change column_opt alter_columns(L). { A = alter(p, "TABLE", N, "ALTER COLUMN", NULL, L, NULL, NULL); }
statement(A) ::= alter_table(N) partition(V) CHANGE column_opt alter_columns(L). { A = alter(p, "TABLE", N, "ALTER COLUMN", NULL, L, NULL, V); }
statement(A) ::= alter_table(N) REPLACE COLUMNS LP position_columns(L) RP. { A = alter(p, "TABLE", N, "REPLACE COLUMNS", NULL, L, NULL, NULL); }
statement(A) ::= alter_table(N) partition(V) REPLACE COLUMNS LP position_columns(L) RP. { A = alter(p, "TABLE", N, "REPLACE COLUMNS", NULL, L, NULL, V); }
statement(A) ::= alter_table(N) SET SERDE string(S) serde_properties.        { A = alter(p, "TABLE", N, "SET SERDE", names_one(p, S->text), NULL, NULL, NULL); }
statement(A) ::= alter_table(N) partition(V) SET SERDE string(S) serde_properties.        { A = alter(p, "TABLE", N, "SET SERDE", names_one(p, S->text), NULL, NULL, V); }
statement(A) ::= alter_table(N) SET SERDEPROPERTIES property_list(L).        { A = alter(p, "TABLE", N, "SET SERDEPROPERTIES", NULL, NULL, L, NULL); }
statement(A) ::= alter_table(N) partition(V) SET SERDEPROPERTIES property_list(L).        { A = alter(p, "TABLE", N, "SET SERDEPROPERTIES", NULL, NULL, L, V); }
statement(A) ::= alter_table(N) SET LOCATION string(S).                      { A = alter(p, "TABLE", N, "SET LOCATION", names_one(p, S->text), NULL, NULL, NULL); }
statement(A) ::= alter_table(N) partition(V) SET LOCATION string(S).                      { A = alter(p, "TABLE", N, "SET LOCATION", names_one(p, S->text), NULL, NULL, V); }
statement(A) ::= alter_table(N) ADD if_not_exists(E) partition_locations(L). { A = alter_if_exists(p, alter(p, "TABLE", N, "ADD PARTITION", NULL, NULL, NULL, L), E); }
statement(A) ::= alter_view(N) ADD if_not_exists(E) partition_locations(L).  { A = alter_if_exists(p, alter(p, "VIEW", N, "ADD PARTITION", NULL, NULL, NULL, L), E); }
statement(A) ::= alter_table(N) DROP if_exists(E) partition_list(L) purge_opt(G). { A = alter_if_exists(p, alter(p, "TABLE", N, "DROP PARTITION", G, NULL, NULL, L), E); }
statement(A) ::= alter_view(N) DROP if_exists(E) partition_list(L) purge_opt(G).  { A = alter_if_exists(p, alter(p, "VIEW", N, "DROP PARTITION", G, NULL, NULL, L), E); }
statement(A) ::= alter_table(N) RECOVER PARTITIONS.          { A = NEW(Repair, 0, .table = *N, .add = true); }
statement(A) ::= alter_table(N) CLUSTER BY NONE.                     { A = alter(p, "TABLE", N, "CLUSTER BY", names_one(p, "[]"), NULL, NULL, NULL); }
statement(A) ::= alter_table(N) CLUSTER BY LP multipart_list(L) RP.  { A = alter(p, "TABLE", N, "CLUSTER BY", names_one(p, clustering(p, L)), NULL, NULL, NULL); }
statement(A) ::= alter_table(N) DEFAULT COLLATION identifier(I).     { A = alter(p, "TABLE", N, "DEFAULT COLLATION", names_one(p, named_collation(p, names_one(p, I))), NULL, NULL, NULL); }
column_word ::= COLUMN.
column_word ::= COLUMNS.
column_opt ::= .
column_opt ::= COLUMN.
alter_or_change ::= ALTER.
alter_or_change ::= CHANGE.
%type purge_opt {StrList *}
purge_opt(A) ::= .       { A = NULL; }
purge_opt(A) ::= PURGE.  { A = names_one(p, "PURGE"); }
%type position_columns {NodeList *}
position_columns(A) ::= position_column(C).                           { A = list_one(p, C); }
position_columns(A) ::= position_columns(L) COMMA position_column(C). { A = list_add(p, L, C); }
position_column(A) ::= multipart(N) data_type(Y) position_options(O). { A = column_definition(p, joined(p, N), Y, O, name_start(p)); }
%type position_options {ColumnOptions *}
position_options(A) ::= .                                         { A = NULL; }
position_options(A) ::= position_options(O) NOT_NULL.             { A = column_option(p, O, COLUMN_NOT_NULL, NULL, NULL); }
position_options(A) ::= position_options(O) COMMENT string(S).    { A = column_option(p, O, COLUMN_COMMENT, S->text, NULL); }
position_options(A) ::= position_options(O) DEFAULT expression(E). { A = column_option(p, O, COLUMN_DEFAULT, NULL, E); }
position_options(A) ::= position_options(O) column_position(P).   { A = column_option(p, O, COLUMN_POSITION, P, NULL); }
%type column_position {const char *}
column_position(A) ::= FIRST.                { A = "FIRST"; }
column_position(A) ::= AFTER identifier(I).  { A = arena_printf(p->a, "AFTER %s", I); }
/* each an AlterObject of one column: its action, and a ColumnDefinition */
%type alter_columns {NodeList *}
alter_columns(A) ::= alter_column(C).                        { A = list_one(p, C); }
alter_columns(A) ::= alter_columns(L) COMMA alter_column(C). { A = list_add(p, L, C); }
alter_column(A) ::= multipart(N).                              { A = alter_column(p, N, "", NULL, NULL, NULL); parser_syntax_error(p, &p->tokens.at[p->at], ""); }
alter_column(A) ::= multipart(N) TYPE data_type(Y).            { A = alter_column(p, N, "TYPE", Y, NULL, NULL); }
alter_column(A) ::= multipart(N) COMMENT string(S).            { A = alter_column(p, N, "COMMENT", NULL, S->text, NULL); }
alter_column(A) ::= multipart(N) column_position(P).           { A = alter_column(p, N, "POSITION", NULL, P, NULL); }
alter_column(A) ::= multipart(N) SET not NULL.                 { A = alter_column(p, N, "SET NOT NULL", NULL, NULL, NULL); }
alter_column(A) ::= multipart(N) DROP not NULL.                { A = alter_column(p, N, "DROP NOT NULL", NULL, NULL, NULL); }
alter_column(A) ::= multipart(N) SET DEFAULT expression(E).    { A = alter_column(p, N, "SET DEFAULT", NULL, NULL, E); }
alter_column(A) ::= multipart(N) DROP DEFAULT.                 { A = alter_column(p, N, "DROP DEFAULT", NULL, NULL, NULL); }
alter_column(A) ::= multipart(N) identifier(I) data_type(Y) not_null_opt(U) comment_opt(S) position_opt(P).
  { A = change_column(p, N, I, Y, U, S, P); }
%type position_opt {const char *}
position_opt(A) ::= .                    { A = NULL; }
position_opt(A) ::= column_position(P).  { A = P; }
%type partition_locations {NodeList *}
partition_locations(A) ::= partition_location(P).                        { A = list_one(p, P); }
partition_locations(A) ::= partition_locations(L) partition_location(P). { A = list_add(p, L, P); }
partition_location(A) ::= partition(V).                     { A = partition_row(p, V, NULL); }
partition_location(A) ::= partition(V) LOCATION string(S).  { A = partition_row(p, V, S); }
%type partition_list {NodeList *}
partition_list(A) ::= partition(V).                          { A = list_one(p, partition_row(p, V, NULL)); }
partition_list(A) ::= partition_list(L) COMMA partition(V).  { A = list_add(p, L, partition_row(p, V, NULL)); }

/* ---- SHOW */
statement(A) ::= SHOW(T) namespaces in_names(N) pattern(S).    { A = show(p, "DATABASES", N, S, T->start); }
statement(A) ::= SHOW(T) TABLES in_names(N) pattern(S).        { A = show(p, "TABLES", N, S, T->start); }
statement(A) ::= SHOW(T) VIEWS in_names(N) pattern(S).         { A = show(p, "VIEWS", N, S, T->start); }
statement(A) ::= SHOW(T) CATALOGS pattern(S).                  { A = show(p, "CATALOGS", NULL, S, T->start); }
statement(A) ::= SHOW(T) TABLE EXTENDED in_names(N) LIKE string(S) partition_opt(V).
  { A = show(p, "TABLES", N, S, T->start); ((Show *)A)->extended = true; ((Show *)A)->partition_values = list_of(V); }
statement(A) ::= SHOW(T) TBLPROPERTIES reference(N).           { A = show(p, "TBLPROPERTIES", N, NULL, T->start); }
statement(A) ::= SHOW(T) TBLPROPERTIES reference(N) LP property_key(K) RP. { A = show(p, "TBLPROPERTIES", N, NULL, T->start); ((Show *)A)->filter = K; }
statement(A) ::= SHOW(T) COLUMNS from_or_in reference(N).      { A = show(p, "COLUMNS", N, NULL, T->start); }
statement(A) ::= SHOW(T) COLUMNS from_or_in reference(N) from_or_in multipart(M). { A = show(p, "COLUMNS", qualified(p, N, M), NULL, T->start); }
statement(A) ::= SHOW(T) PARTITIONS reference(N) partition_opt(V). { A = show(p, "PARTITIONS", N, NULL, T->start); ((Show *)A)->partition_values = list_of(V); }
statement(A) ::= SHOW(T) function_scope(C) FUNCTIONS in_names(N) pattern(S).      { A = show(p, "FUNCTIONS", N, S, T->start); ((Show *)A)->filter = C; }
statement(A) ::= SHOW(T) function_scope(C) FUNCTIONS in_names(N) like_opt multipart(M). { A = show(p, "FUNCTIONS", N, NULL, T->start); ((Show *)A)->filter = C; ((Show *)A)->pattern = joined(p, M); }
like_opt ::= .
like_opt ::= LIKE.
%type function_scope {const char *}
function_scope(A) ::= .               { A = NULL; }
function_scope(A) ::= identifier(I).  { A = I; }
statement(A) ::= SHOW(T) CREATE TABLE reference(N).            { A = show(p, "CREATE TABLE", N, NULL, T->start); }
statement(A) ::= SHOW(T) CREATE TABLE reference(N) AS SERDE.   { A = show(p, "CREATE TABLE", N, NULL, T->start); ((Show *)A)->filter = "AS SERDE"; }
statement(A) ::= SHOW(T) CURRENT namespace.                    { A = show(p, "CURRENT NAMESPACE", NULL, NULL, T->start); }

/* ---- DESCRIBE */
describe ::= DESC.
describe ::= DESCRIBE.
statement(A) ::= describe FUNCTION describe_function(N).            { A = NEW(DescribeObject, 0, .what = "FUNCTION", .name = *N); }
statement(A) ::= describe FUNCTION EXTENDED describe_function(N).   { A = NEW(DescribeObject, 0, .what = "FUNCTION", .name = *N, .extended = true); }
statement(A) ::= describe namespace reference(N).            { A = NEW(DescribeObject, 0, .what = "DATABASE", .name = *N); }
statement(A) ::= describe namespace EXTENDED reference(N).   { A = NEW(DescribeObject, 0, .what = "DATABASE", .name = *N, .extended = true); }
statement(A) ::= describe describe_extended(X) reference(N) partition_opt(V) describe_column(C) as_json(J).
  { check_describe(p, X, V, C, J); A = NEW(DescribeObject, 0, .what = "TABLE", .name = *N, .extended = X, .partition_values = list_of(V), .column = names_of(C), .as_json = J); }
statement(A) ::= describe TABLE reference(N) partition_none(V) describe_column(C) as_json(J).
  { check_describe(p, 0, V, C, J); A = NEW(DescribeObject, 0, .what = "TABLE", .name = *N, .partition_values = list_of(V), .column = names_of(C), .as_json = J); }
statement(A) ::= describe TABLE extended_word reference(N) partition_opt(V) describe_column(C) as_json(J).
  { check_describe(p, 1, V, C, J); A = NEW(DescribeObject, 0, .what = "TABLE", .name = *N, .extended = true, .partition_values = list_of(V), .column = names_of(C), .as_json = J); }
statement(A) ::= describe query(Q).         { A = NEW(DescribeObject, 0, .what = "QUERY", .query = Q); }
statement(A) ::= describe QUERY query(Q).   { A = NEW(DescribeObject, 0, .what = "QUERY", .query = Q); }
%type partition_none {NodeList *}
partition_none(A) ::= . [UNARY]       { A = NULL; }
partition_none(A) ::= partition(L).   { A = L; }
%type describe_extended {int}
describe_extended(A) ::= .               { A = 0; }
describe_extended(A) ::= extended_word.  { A = 1; }
extended_word ::= EXTENDED.
extended_word ::= FORMATTED.
%type describe_column {StrList *}
describe_column(A) ::= .              { A = NULL; }
describe_column(A) ::= multipart(N).  { A = N; }
%type as_json {int}
as_json(A) ::= .         { A = 0; }
as_json(A) ::= AS JSON.  { A = 1; }
%type describe_function {StrList *}
describe_function(A) ::= reference(N).         { A = N; }
describe_function(A) ::= string(S).            { A = names_one(p, S->text); }
describe_function(A) ::= operator_name(T).     { A = names_one(p, arena_strn(p->a, p->text + T->at, T->len)); }
%type operator_name {const Token *}
operator_name(A) ::= EQ(T).            { A = T; }
operator_name(A) ::= NSEQ(T).          { A = T; }
operator_name(A) ::= NEQ(T).           { A = T; }
operator_name(A) ::= NEQJ(T).          { A = T; }
operator_name(A) ::= LT(T).            { A = T; }
operator_name(A) ::= LTE(T).           { A = T; }
operator_name(A) ::= GT(T).            { A = T; }
operator_name(A) ::= GTE(T).           { A = T; }
operator_name(A) ::= PLUS(T).          { A = T; }
operator_name(A) ::= MINUS(T).         { A = T; }
operator_name(A) ::= ASTERISK(T).      { A = T; }
operator_name(A) ::= SLASH(T).         { A = T; }
operator_name(A) ::= PERCENT(T).       { A = T; }
operator_name(A) ::= TILDE(T).         { A = T; }
operator_name(A) ::= AMPERSAND(T).     { A = T; }
operator_name(A) ::= PIPE(T).          { A = T; }
operator_name(A) ::= CONCAT_PIPE(T).   { A = T; }
operator_name(A) ::= HAT(T).           { A = T; }
operator_name(A) ::= SHIFT_LEFT(T).    { A = T; }
operator_name(A) ::= SHIFT_RIGHT(T).   { A = T; }
operator_name(A) ::= SHIFT_RIGHT_UNSIGNED(T). { A = T; }
operator_name(A) ::= BANG(T).          { A = T; }

statement(A) ::= LOAD DATA local_opt INPATH string overwrite_opt INTO TABLE reference(N) partition_opt(V). { A = alter(p, "TABLE", N, "LOAD DATA", NULL, NULL, NULL, V); }
overwrite_opt ::= .
overwrite_opt ::= OVERWRITE.

/* ---- COMMENT ON, CACHE, REFRESH, TRUNCATE, REPAIR, ANALYZE */
statement(A) ::= COMMENT(T) ON namespace reference(N) IS comment_text(C).  { A = comment_on(p, "DATABASE", N, C, T->start); }
statement(A) ::= COMMENT(T) ON TABLE reference(N) IS comment_text(C).      { A = comment_on(p, "TABLE", N, C, T->start); }
%type comment_text {const char *}
comment_text(A) ::= string(S).  { A = S->text; }
comment_text(A) ::= NULL.       { A = NULL; }
statement(A) ::= CACHE(T) lazy(L) TABLE reference(N) options_opt(O) as_query(Q).
  { A = NEW(Cache, T->start, .what = "CACHE", .name = *N, .lazy = L, .input = Q); if (O) ((Cache *)A)->options = *O; }
%type lazy {int}
lazy(A) ::= .      { A = 0; }
lazy(A) ::= LAZY.  { A = 1; }
statement(A) ::= UNCACHE(T) TABLE if_exists(E) reference(N).  { A = NEW(Cache, T->start, .what = "UNCACHE", .name = *N, .if_exists = E); }
statement(A) ::= CLEAR(T) CACHE.                              { A = NEW(Cache, T->start, .what = "CLEAR"); }
statement(A) ::= REFRESH(T) TABLE reference(N).               { A = NEW(Cache, T->start, .what = "REFRESH TABLE", .name = *N); }
statement(A) ::= REFRESH(T) FUNCTION reference(N).            { A = NEW(Cache, T->start, .what = "REFRESH FUNCTION", .name = *N); }
statement(A) ::= TRUNCATE(T) TABLE reference(N) partition_opt(V). { A = NEW(Truncate, T->start, .table = *N, .partition_values = list_of(V)); }
statement(A) ::= MSCK REPAIR TABLE reference(N) repair_option(O). { A = NEW(Repair, 0, .table = *N, .add = O & 1, .drop = O & 2); }
statement(A) ::= REPAIR TABLE reference(N) repair_option(O).      { A = NEW(Repair, 0, .table = *N, .add = O & 1, .drop = O & 2); }
%type repair_option {int}
repair_option(A) ::= .                 { A = 1; }
repair_option(A) ::= ADD PARTITIONS.   { A = 1; }
repair_option(A) ::= DROP PARTITIONS.  { A = 2; }
repair_option(A) ::= SYNC PARTITIONS.  { A = 3; }
statement(A) ::= ANALYZE(T) TABLE reference(N) partition_opt(V) COMPUTE STATISTICS analyze_what(W).
  { A = NEW(Analyze, T->start, .table = *N, .what = W.what, .columns = names_of(W.columns), .partition_values = list_of(V)); }
statement(A) ::= ANALYZE(T) TABLES in_names(N) COMPUTE STATISTICS analyze_what(W).
  { A = NEW(Analyze, T->start, .table = names_of(N), .what = analyze_tables(p, W.what)); }
%type analyze_what {AnalyzeWhat}
analyze_what(A) ::= .                              { A = (AnalyzeWhat){ "", NULL }; }
analyze_what(A) ::= identifier(I).                 { A = (AnalyzeWhat){ noscan(p, I), NULL }; }
analyze_what(A) ::= FOR COLUMNS identifier_seq(L). { A = (AnalyzeWhat){ "COLUMNS", L }; }
analyze_what(A) ::= FOR ALL COLUMNS.               { A = (AnalyzeWhat){ "ALL COLUMNS", NULL }; }

/* ================================================================== scripts: BEGIN … END, its declarations and control statements */
script(A) ::= BEGIN(T) not_atomic compound_body_opt(B) END.  { A = compound(p, NULL, NULL, true, B, T->start); }
not_atomic ::= .
not_atomic ::= NOT ATOMIC.
%type compound_body {NodeList *}
%type compound_body_opt {NodeList *}
compound_body_opt(A) ::= .                  { A = NULL; }
compound_body_opt(A) ::= compound_body(L).  { A = L; }
compound_body(A) ::= compound_item(S) SEMICOLON.                   { A = list_one(p, S); }
compound_body(A) ::= compound_body(L) compound_item(S) SEMICOLON.  { A = list_add(p, L, S); }
compound_item(A) ::= simple_item(S).  { A = S; }
compound_item(A) ::= block(B).        { A = B; }
simple_item(A) ::= statement(S).             { A = S; }
simple_item(A) ::= SET(T) assignments(L).    { A = set_variables(p, L, T->start); }
simple_item(A) ::= SET(T) LP multipart_list(L) RP EQ query_parens(Q).  { A = set_variables_query(p, L, Q, T->start); }

%type label_opt {Label}
label_opt(A) ::= .                              { A = (Label){ NULL, -1 }; }
label_opt(A) ::= strict_identifier(I) COLON(T).  { A = (Label){ I, T[-1].start }; }
%type end_label {const char *}
end_label(A) ::= .                      { A = NULL; }
end_label(A) ::= strict_identifier(I).  { A = I; }
block(A) ::= label_opt(L) BEGIN(T) not_atomic compound_body_opt(B) END end_label(E).
  { A = compound(p, &L, E, true, B, T->start); }
body(A) ::= compound_body(B).  { A = compound(p, NULL, NULL, false, B, NODE_START(B->at[0])); }

compound_item(A) ::= DECLARE_CONDITION(T) strict_identifier(I) CONDITION.                { A = declare_condition(p, I, NULL, T->start); }
compound_item(A) ::= DECLARE_CONDITION(T) strict_identifier(I) CONDITION FOR sqlstate(S). { A = declare_condition(p, I, S, T->start); }
%type sqlstate {const char *}
sqlstate(A) ::= SQLSTATE value_opt string(S).  { A = sqlstate(p, S); }
value_opt ::= .
value_opt ::= VALUE.
compound_item(A) ::= DECLARE(T) handler_kind(K) HANDLER FOR handler_triggers(H) handler_body(B). { A = declare_handler(p, K, H, B, T->start); }
%type handler_kind {int}
handler_kind(A) ::= EXIT.      { A = 0; }
handler_kind(A) ::= CONTINUE.  { A = 1; }
handler_body(A) ::= block(B).        { A = B; }
handler_body(A) ::= simple_item(S).  { A = S; }
%type handler_triggers {DeclareHandler *}
handler_triggers(A) ::= sqlstate(S).                            { A = handler_state(p, NULL, S); }
handler_triggers(A) ::= SQLEXCEPTION.                           { A = handler_any(p, NULL, true); }
handler_triggers(A) ::= NOT FOUND.                              { A = handler_any(p, NULL, false); }
handler_triggers(A) ::= multipart(N).                           { A = handler_condition(p, NULL, N); }
handler_triggers(A) ::= handler_triggers(H) COMMA sqlstate(S).   { A = handler_state(p, H, S); }
handler_triggers(A) ::= handler_triggers(H) COMMA SQLEXCEPTION. { A = handler_any(p, H, true); }
handler_triggers(A) ::= handler_triggers(H) COMMA NOT FOUND.    { A = handler_any(p, H, false); }
handler_triggers(A) ::= handler_triggers(H) COMMA multipart(N). { A = handler_condition(p, H, N); }

compound_item(A) ::= IF(T) expression(E) THEN body(B) elseifs(L) else_body(X) END IF.
  { A = branch(p, NULL, branches_first(p, E, B, L), X, T->start); }
%type elseifs {Branches *}
elseifs(A) ::= .                                          { A = NULL; }
elseifs(A) ::= elseifs(L) ELSEIF expression(E) THEN body(B). { A = branches_add(p, L, E, B); }
else_body(A) ::= .              { A = NULL; }
else_body(A) ::= ELSE body(B).  { A = B; }
compound_item(A) ::= CASE(T) case_bodies(L) else_body(X) END CASE.               { A = branch(p, NULL, L, X, T->start); }
compound_item(A) ::= CASE(T) expression(O) case_bodies(L) else_body(X) END CASE. { A = branch(p, O, L, X, T->start); }
%type case_bodies {Branches *}
case_bodies(A) ::= WHEN expression(E) THEN body(B).                 { A = branches_add(p, NULL, E, B); }
case_bodies(A) ::= case_bodies(L) WHEN expression(E) THEN body(B).  { A = branches_add(p, L, E, B); }
compound_item(A) ::= label_opt(L) WHILE(T) expression(E) DO body(B) END WHILE end_label(N).
  { A = loop(p, LOOP_WHILE, &L, N, E, B, T->start); }
compound_item(A) ::= label_opt(L) REPEAT(T) body(B) UNTIL expression(E) END REPEAT end_label(N).
  { A = loop(p, LOOP_REPEAT, &L, N, E, B, T->start); }
compound_item(A) ::= label_opt(L) LOOP(T) body(B) END LOOP end_label(N).
  { A = loop(p, LOOP_FOREVER, &L, N, NULL, B, T->start); }
compound_item(A) ::= label_opt(L) FOR(T) query(Q) DO body(B) END FOR end_label(N).
  { A = for_loop(p, &L, N, NULL, Q, B, T->start); }
compound_item(A) ::= label_opt(L) FOR(T) strict_identifier(I) AS query(Q) DO body(B) END FOR end_label(N).
  { A = for_loop(p, &L, N, I, Q, B, T->start); }
compound_item(A) ::= LEAVE(T) strict_identifier(I).    { A = jump(p, I, false, T->start); }
compound_item(A) ::= ITERATE(T) strict_identifier(I).  { A = jump(p, I, true, T->start); }
