-- process_list.sql - every deployed version of every process.
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
comment on view workflow.process_list is 'Every deployed version of every process.';
