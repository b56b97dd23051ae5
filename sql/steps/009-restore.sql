-- 009-restore.sql - what the catalog keeps of earlier lives of the database (EOS-21).

alter table workflow.catalog add column earlier_incarnations uuid[] not null default '{}';
comment on column workflow.catalog.earlier_incarnations is
    'Under which events were published before the database was restored; a person, or on_restore, has accepted that.';
