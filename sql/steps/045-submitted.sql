-- 045-submitted.sql - what the queue of commands submitted by SQL needs to be served (EOS-25).

update workflow.submitted_command set id = gen_random_uuid() where id is null;
alter table workflow.submitted_command
    alter column id set not null,
    add column size int4 not null default 0,
    set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on column workflow.submitted_command.id is 'Id for deduplication; made here if the application gave none.';
comment on column workflow.submitted_command.size is 'Bytes of data, headers and key: so many are taken at once as a batch may hold.';
