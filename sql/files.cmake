# The files of sql/, in the order in which they run; for those who embed them.
# A worker needs the last step of this list; `pawl db migrate` runs all of PAWL_SQL_INSTALL.

set(PAWL_SQL_STEPS
    steps/001-institution.sql
    steps/002-information.sql
    steps/003-engine.sql)

set(PAWL_SQL_INSTALL
    schema.sql
    ${PAWL_SQL_STEPS}
    views/process_list.sql
    views/instance_list.sql
    views/task_list.sql
    views/history_list.sql
    functions/definition_store.sql
    functions/definition_document.sql
    functions/institution_store.sql
    functions/institution_document.sql
    functions/partitions_set.sql
    functions/history_partitions_make.sql
    functions/task_list_of.sql
    roles.sql
    finish.sql)

# The worker's statements, each by the name of its file.
set(PAWL_SQL_STATEMENTS
    statements/backend_terminate.sql
    statements/batch_load.sql
    statements/batch_put.sql
    statements/candidate_find.sql
    statements/catalog_read.sql
    statements/command_id_find.sql
    statements/command_id_insert.sql
    statements/definition_load.sql
    statements/definition_match.sql
    statements/definition_write.sql
    statements/history_insert.sql
    statements/instance_insert.sql
    statements/instance_load.sql
    statements/instance_update.sql
    statements/institution_load.sql
    statements/institution_write.sql
    statements/latest_versions.sql
    statements/outbox_delete.sql
    statements/outbox_insert.sql
    statements/outbox_read.sql
    statements/outbox_replace.sql
    statements/partition_advance.sql
    statements/partition_claim.sql
    statements/partition_settle.sql
    statements/reservation_delete.sql
    statements/reservation_insert.sql
    statements/schema_steps.sql
    statements/slot_release.sql
    statements/slot_take.sql
    statements/slot_try.sql
    statements/summary_delete.sql
    statements/summary_load.sql
    statements/summary_put.sql
    statements/task_delete.sql
    statements/task_insert.sql
    statements/task_load.sql
    statements/task_update.sql
    statements/winner_delete.sql
    statements/winner_insert.sql
    statements/winner_load.sql)
