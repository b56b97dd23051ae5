-- latest_versions.sql - Every process and its latest version.
select p.process_id, max(p.version)
  from workflow.process p
 group by p.process_id
 order by p.process_id;
