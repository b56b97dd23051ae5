-- schema_steps.sql - The last step that this database has taken, and the last breaking one.
select coalesce(max(step), 0)::int4, coalesce(max(step) filter (where breaking), 0)::int4
  from workflow.schema_step;
