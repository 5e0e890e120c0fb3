/* front/connect/text.h -- texts of messages that unpacking cannot give as they are. */
#ifndef WEIR_FRONT_CONNECT_TEXT_H
#define WEIR_FRONT_CONNECT_TEXT_H

/* Stands for a NUL character in Literal.string, whose message has no length: a byte that UTF-8 does not have. Whoever unpacks puts
 * it there. */
enum { CONNECT_NUL = 0xFF };

#endif
