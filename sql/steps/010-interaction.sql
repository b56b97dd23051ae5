-- 010-interaction.sql - whose word the state of an instance elsewhere is, once a database there was restored (EOS-21).

alter table workflow.sub_process add column incarnation text collate "C";
comment on column workflow.sub_process.incarnation is
    'Of the database that it was last heard from; null: that one was never restored.';
