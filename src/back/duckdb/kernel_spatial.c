/* back/duckdb/kernel_spatial.c -- GEOMETRY and GEOGRAPHY: 4 bytes of SRID, then the WKB as it was given, which Spark 4.1 does not look into.
 * Source: catalyst.util.{Geometry,Geography,STUtils}. */
#include "back/duckdb/kernel.h"

#include <stdio.h>
#include <stdlib.h>

enum { SRID_BYTES = 4 };

static void give(K *k, View wkb, int32_t srid)
{
    char *bytes = k_alloc(k, wkb.len + SRID_BYTES);
    if (!bytes)
        return;
    memcpy(bytes, &srid, SRID_BYTES);
    memcpy(bytes + SRID_BYTES, wkb.data, wkb.len);
    k_set_str(k, bytes, wkb.len + SRID_BYTES);
    free(bytes);
}

static View wkb_of(const K *k)
{
    View v = k_str(k, 0);
    return (View){ v.data + SRID_BYTES, v.len - SRID_BYTES };
}

static void from_wkb(K *k)
{
    give(k, k_str(k, 0), k_i32(k, 1));
}

static void as_wkb(K *k)
{
    k_set_view(k, wkb_of(k));
}

static void srid_of(K *k)
{
    int32_t srid;
    memcpy(&srid, k_str(k, 0).data, SRID_BYTES);
    k_set_i32(k, srid);
}

/* $3: it is a place on earth, which has one SRID only. */
static void set_srid(K *k)
{
    int32_t srid = k_i32(k, 1);
    char text[12];
    snprintf(text, sizeof text, "%d", srid);
    if (srid == 4326 || (!k_bool(k, 2) && (srid == 0 || srid == 3857)))
        give(k, wkb_of(k), srid);
    else
        k_fail(k, "ST_INVALID_SRID_VALUE", "srid", text, NULL);
}

const Kernel kernels_spatial[] = {
    { "spark_st_from_wkb", "Bi:B", from_wkb, 0 },
    { "spark_st_as_wkb", "B:B", as_wkb, 0 },
    { "spark_st_srid", "B:i", srid_of, 0 },
    { "spark_st_set_srid", "Bib:B", set_srid, 0 },
    { NULL, NULL, NULL, 0 },
};
