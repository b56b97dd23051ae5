-- process_list.sql - every deployed version of every process.
--
-- Read by applications and by `pawl process list`.
create or replace view workflow.process_list as
select p.process_id,
       p.version,
       p.name,
       p.deployed_at,
       (select count(*)::int4
          from workflow.activity a
         where a.process_id = p.process_id
           and a.version = p.version) as activities,
       not exists (select
                     from workflow.process l
                    where l.process_id = p.process_id
                      and l.version > p.version) as is_latest
  from workflow.process p;
comment on view   workflow.process_list is 'Every deployed version of every process.';
comment on column workflow.process_list.process_id is 'The process.';
comment on column workflow.process_list.version is 'Counted by the engine from 1.';
comment on column workflow.process_list.name is 'Name for people.';
comment on column workflow.process_list.deployed_at is 'When it was deployed.';
comment on column workflow.process_list.activities is 'How many activities it has.';
comment on column workflow.process_list.is_latest is 'Whether new instances are of this version.';
