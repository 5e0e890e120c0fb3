/* os/sandbox_parts.h -- the optional parts of the sandbox, for sandbox.c only. */
#ifndef WEIR_OS_SANDBOX_PARTS_H
#define WEIR_OS_SANDBOX_PARTS_H
#include "os/sandbox.h"

/* sandbox_namespaces.c: forks twice; returns in the innermost process, whose parent is the namespace's init. */
Status sandbox_namespaces_enter(const SandboxOptions *options, Error *err);
unsigned sandbox_namespaces_probe(void); /* SANDBOX_NAMESPACES and SANDBOX_USER_NS, or 0 */

/* sandbox_group.c */
Status sandbox_group_join(const SandboxGroup *group, Error *err);
unsigned sandbox_group_probe(void); /* SANDBOX_CGROUP_MEMORY, SANDBOX_CGROUP_CPU */

#endif
