-- 040-databases.sql - an engine whose partitions are split between several databases: which of them this one is.

alter table workflow.catalog
    add column databases       int4 not null default 1,
    add column database_number int4 not null default 0,
    add constraint catalog_database_check check (database_number >= 0 and database_number < databases);
comment on column workflow.catalog.databases is 'How many databases the engine has.';
comment on column workflow.catalog.database_number is
    'Which of them this one is, from 0: it has the partitions whose number, divided by `databases`, leaves this remainder.';
comment on column workflow.command_id.task_n is
    'The task that it concerned; null: none; -1: it was passed on to the engine''s next database.';

do $$
begin
    if to_regprocedure('workflow.partitions_set(int4)') is not null then
        drop function workflow.partitions_set(int4); -- it has more parameters now
    end if;
end
$$;
