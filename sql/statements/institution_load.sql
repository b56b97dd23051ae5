-- institution_load.sql - The whole institution as an institution file, and its version.
select workflow.institution_document()::text, c.institution_version
  from workflow.catalog c;
