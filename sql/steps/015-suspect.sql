-- 015-suspect.sql - the command that was begun alone when a worker or its session ended again and again (EOS-23).

alter table workflow.partition
    add column suspect_topic  int4,
    add column suspect_offset int8,
    add column suspect_tries  int4 not null default 0;
comment on column workflow.partition.suspect_topic is
    'Of the command that was last begun alone: the place of its topic in positions, from 0; -1: one of the engine''s own.';
comment on column workflow.partition.suspect_offset is 'Its offset; of one of the engine''s own: a hash of its id.';
comment on column workflow.partition.suspect_tries is 'How often it was begun; what never came to an end is refused in the end.';
