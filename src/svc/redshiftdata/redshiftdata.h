/* svc/redshiftdata/redshiftdata.h -- the Amazon Redshift Data API (version 2019-12-20): a handler per operation, see
 * operations.def. A statement is a row of schema/041_redshift_data.sql and a thread that hands it to its cluster's warehouse
 * (warehouse/pool.h) and writes down what comes back. Source: Amazon Redshift Data API Reference. */
#ifndef WEIR_SVC_REDSHIFTDATA_REDSHIFTDATA_H
#define WEIR_SVC_REDSHIFTDATA_REDSHIFTDATA_H
#include "svc/svc.h"

/* What an earlier server left running has failed: its warehouse ended with it. */
Status redshiftdata_start(Server *server, Error *err);
/* Drops results that are older than a day, and sessions that were not used in time. */
Status redshiftdata_sweep(Server *server, Error *err);

/* --- execute.c --- */
Status redshiftdata_execute_statement(Call *call, Error *err);
Status redshiftdata_batch_execute_statement(Call *call, Error *err);
Status redshiftdata_cancel_statement(Call *call, Error *err);

/* --- describe.c --- */
Status redshiftdata_describe_statement(Call *call, Error *err);
Status redshiftdata_list_statements(Call *call, Error *err);
Status redshiftdata_get_statement_result(Call *call, Error *err);
Status redshiftdata_get_statement_result_v2(Call *call, Error *err);
Status redshiftdata_list_sessions(Call *call, Error *err);

/* --- catalog.c --- */
Status redshiftdata_list_databases(Call *call, Error *err);
Status redshiftdata_list_schemas(Call *call, Error *err);
Status redshiftdata_list_tables(Call *call, Error *err);
Status redshiftdata_describe_table(Call *call, Error *err);

#endif
