-- definition_load.sql - A process version as a definition file. $1 process, $2 version (0: the latest).
select p.version, workflow.definition_document(p.process_id, p.version)::text
  from workflow.process p
 where p.process_id = $1::text
   and ($2::int4 = 0 or p.version = $2::int4)
 order by p.version desc
 limit 1;
