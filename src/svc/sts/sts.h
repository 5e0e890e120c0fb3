/* svc/sts/sts.h -- AWS Security Token Service. Source: AWS STS API Reference. */
#ifndef WEIR_SVC_STS_H
#define WEIR_SVC_STS_H
#include "svc/svc.h"

Status sts_get_caller_identity(Call *call, Error *err);
/* Any role of this account can be assumed by any of its principals as long as roles and their trust policies are not kept
 * (svc/iam): a role of another account is AccessDenied. */
Status sts_assume_role(Call *call, Error *err);
Status sts_get_session_token(Call *call, Error *err);
Status sts_get_access_key_info(Call *call, Error *err);

#endif
