-- 020-prune.sql - what is no longer kept: history and finished instances up to a time, ids of commands for a while.

alter table workflow.catalog add column pruned_before timestamptz;
comment on column workflow.catalog.pruned_before is
    'Finished instances and history before this were removed (`pawl db prune`); null: nothing was.';

create index command_id_date_created_idx on workflow.command_id (date_created) where date_created is not null;
