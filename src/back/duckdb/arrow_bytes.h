/* back/duckdb/arrow_bytes.h -- the bytes of one value of an Arrow column of texts or BINARY. */
#ifndef WEIR_BACK_DUCKDB_ARROW_BYTES_H
#define WEIR_BACK_DUCKDB_ARROW_BYTES_H

#include "base/str.h"

#include <nanoarrow/nanoarrow.h>

/* They are the column's. Where all of a column is empty it may have no buffer, which the library adds an offset to. */
static inline View arrow_bytes(const struct ArrowArrayView *v, int64_t row)
{
    if (!v->buffer_views[2].data.data)
        return (View){ "", 0 };
    struct ArrowStringView s = ArrowArrayViewGetStringUnsafe(v, row);
    return (View){ s.data, (size_t)s.size_bytes };
}

#endif
