-- schema.sql - what every step stands on: the schema itself and the record of steps taken.
-- Runs first, every time; two installers wait for each other here.

do $$ begin perform pg_advisory_xact_lock(1346459468, -1); end $$;

create schema if not exists workflow;
comment on schema workflow is 'Pawl: definitions, institution, tasks, history, partitions and outbox.';

create table if not exists workflow.schema_step (
    step         int4        not null,
    name         text        not null,
    breaking     bool        not null default false,
    date_applied timestamptz not null default now(),
    constraint schema_step_pkey primary key (step)
);
comment on table  workflow.schema_step is 'The steps of sql/steps/ that this database has taken.';
comment on column workflow.schema_step.step is 'Number in the name of the step''s file.';
comment on column workflow.schema_step.name is 'Name of the step''s file without its ending.';
comment on column workflow.schema_step.breaking is 'Whether programs that do not know the step must not start.';
comment on column workflow.schema_step.date_applied is 'When it was taken.';
