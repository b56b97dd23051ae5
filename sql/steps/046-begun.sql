-- 046-begun.sql - how many commands were begun together when a worker or its session ended twice (EOS-23).

alter table workflow.partition add column begun int4 not null default 0;
comment on column workflow.partition.begun is
    'Commands of the batch that was begun after a claim that had come to nothing; 0 when it was applied.';
