-- definition_write.sql - Stores a process version. $1 process, $2 version, $3 definition file.
select workflow.definition_store($1::text, $2::int4, $3::text::jsonb);
