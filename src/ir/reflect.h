/* ir/reflect.h -- reflect(), java_method() and try_reflect(): which of the JDK's static methods (reflect.def) a call means.
 * Source: CallMethodViaReflection. Pure. */
#ifndef WEIR_IR_REFLECT_H
#define WEIR_IR_REFLECT_H
#include "ir/node.h"

/* The row of reflect.def, counted over METHOD rows, for arguments class, method, …; -1: none. */
int reflect_method(const NodeList *args);

#endif
