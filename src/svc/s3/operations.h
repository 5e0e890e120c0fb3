/* svc/s3/operations.h -- the S3 handlers, by file; api/operations.def has a row for each. */
#ifndef WEIR_SVC_S3_OPERATIONS_H
#define WEIR_SVC_S3_OPERATIONS_H
#include "svc/svc.h"

/* bucket.c */
Status s3_list_buckets(Call *call, Error *err);
Status s3_create_bucket(Call *call, Error *err);
Status s3_delete_bucket(Call *call, Error *err);
Status s3_head_bucket(Call *call, Error *err);
Status s3_get_bucket_location(Call *call, Error *err);
Status s3_get_bucket_versioning(Call *call, Error *err);
Status s3_put_bucket_versioning(Call *call, Error *err);

/* bucket_config.c */
Status s3_get_bucket_policy(Call *call, Error *err);
Status s3_get_bucket_policy_status(Call *call, Error *err);
Status s3_get_bucket_cors(Call *call, Error *err);
Status s3_get_bucket_website(Call *call, Error *err);
Status s3_get_bucket_lifecycle_configuration(Call *call, Error *err);
Status s3_get_bucket_replication(Call *call, Error *err);
Status s3_get_bucket_encryption(Call *call, Error *err);
Status s3_get_object_lock_configuration(Call *call, Error *err);
Status s3_get_bucket_logging(Call *call, Error *err);
Status s3_get_bucket_notification_configuration(Call *call, Error *err);
Status s3_put_bucket_notification_configuration(Call *call, Error *err);
Status s3_get_bucket_accelerate_configuration(Call *call, Error *err);
Status s3_get_bucket_request_payment(Call *call, Error *err);
Status s3_get_bucket_acl(Call *call, Error *err);
Status s3_get_object_acl(Call *call, Error *err);
Status s3_put_bucket_tagging(Call *call, Error *err);
Status s3_get_bucket_tagging(Call *call, Error *err);
Status s3_delete_bucket_tagging(Call *call, Error *err);
Status s3_put_bucket_ownership_controls(Call *call, Error *err);
Status s3_get_bucket_ownership_controls(Call *call, Error *err);
Status s3_delete_bucket_ownership_controls(Call *call, Error *err);
Status s3_put_public_access_block(Call *call, Error *err);
Status s3_get_public_access_block(Call *call, Error *err);
Status s3_delete_public_access_block(Call *call, Error *err);

/* lake_routes.c: /_weir/lake/…, and what POST /moto-api/reset does first */
Status s3_lake_list(Call *call, Error *err);
Status s3_lake_exists(Call *call, Error *err);
Status s3_lake_stage(Call *call, Error *err);
Status s3_lake_commit(Call *call, Error *err);
Status s3_lake_abort(Call *call, Error *err);
Status s3_lake_remove(Call *call, Error *err);
Status s3_lake_entries(Call *call, Error *err);
Status s3_lake_link(Call *call, Error *err);
Status s3_lake_send(Call *call, Error *err);
Status s3_reset(Server *server, Error *err);

/* list.c */
Status s3_list_objects(Call *call, Error *err);
Status s3_list_objects_v2(Call *call, Error *err);
Status s3_list_object_versions(Call *call, Error *err);

/* multipart.c */
Status s3_create_multipart_upload(Call *call, Error *err);
Status s3_upload_part(Call *call, Error *err);
Status s3_upload_part_copy(Call *call, Error *err);
Status s3_abort_multipart_upload(Call *call, Error *err);
Status s3_list_parts(Call *call, Error *err);
Status s3_list_multipart_uploads(Call *call, Error *err);

/* multipart_complete.c */
Status s3_complete_multipart_upload(Call *call, Error *err);

/* object_delete.c */
Status s3_delete_object(Call *call, Error *err);
Status s3_delete_objects(Call *call, Error *err);
Status s3_put_object_tagging(Call *call, Error *err);
Status s3_delete_object_tagging(Call *call, Error *err);
Status s3_get_object_tagging(Call *call, Error *err);

/* object_get.c */
Status s3_get_object(Call *call, Error *err);
Status s3_head_object(Call *call, Error *err);
Status s3_get_object_attributes(Call *call, Error *err);

/* object_put.c */
Status s3_put_object(Call *call, Error *err);
Status s3_copy_object(Call *call, Error *err);

#endif
