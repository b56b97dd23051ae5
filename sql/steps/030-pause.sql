-- 030-pause.sql - whether workers begin instances.

alter table workflow.catalog add column starts_paused bool not null default false;
comment on column workflow.catalog.starts_paused is
    'Workers leave init-instance commands where they are (pawl instance pause-starts); those of tasks go on.';
