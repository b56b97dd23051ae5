-- definition_match.sql - The version of a process that has this content, and its latest version. $1 process, $2 definition
-- file.
select coalesce(max(p.version) filter (where p.content_hash = sha256(convert_to(($2::text::jsonb)::text, 'UTF8'))), 0)::int4,
       coalesce(max(p.version), 0)::int4
  from workflow.process p
 where p.process_id = $1::text;
