-- database_split.sql - leaves in a copy of the engine's database what is this one's share, when its partitions are split.
--
-- Called by `pawl db split` in each of the copies, while no worker works.  $1 databases share the partitions from now on,
-- and this one is number $2 of them.  What belongs to the others goes: instances with all that is led by their ids, the
-- partitions' rows.  The copy that keeps its number stays the database that it was; the others become ones of their own, with ids
-- of their own, and leave to it what had been submitted by SQL.  Turns and what people have are counted in each from here on.
-- Raises invalid_parameter_value (22023) for a number that is no part of what this database has, and
-- object_not_in_prerequisite_state (55000) while workers are connected, or left something unpublished.  Returns
-- how many instances it keeps.
create or replace function workflow.database_split(p_databases int4, p_number int4)
returns int8
language plpgsql volatile
set search_path = workflow, pg_temp
as $$
declare
    v       workflow.catalog%rowtype;
    v_table name;
begin
    select * into strict v from workflow.catalog for update;
    if p_databases is null or p_databases <= v.databases or p_databases % v.databases <> 0
       or p_databases > v.partitions or p_number is null or p_number not between 0 and p_databases - 1 or p_number % v.databases <> v.database_number then
        raise invalid_parameter_value using message =
            format('database %s of %s, with %s partitions in all, cannot be split into number %s of %s',
                   v.database_number, v.databases, v.partitions, p_number, p_databases);
    end if;
    if exists (select
                 from pg_locks l
                 join pg_database d on d.oid = l.database and d.datname = current_database()
                where l.locktype = 'advisory' and l.classid = 1346459468 and l.objid < 1000) then
        raise object_not_in_prerequisite_state using message = 'workers are connected to the database',
            hint = 'Stop them all, of every copy.';
    end if;
    if exists (select from workflow.partition where outbox_number > published_number) then
        raise object_not_in_prerequisite_state using message = 'there are events that are not known to be published',
            hint = 'Start a worker on the database as it was, wait until it is idle, stop it by SIGTERM, and copy again.';
    end if;

    create temporary table gone (instance_id uuid primary key);
    insert into gone select instance_id from workflow.instance where partition % p_databases <> p_number;
    analyze gone;
    for v_table in
        select c.relname
          from pg_class c
          join pg_attribute a on a.attrelid = c.oid and a.attname = 'instance_id'
         where c.relnamespace = 'workflow'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
           and c.relname <> 'command_id' loop
        execute format('delete from workflow.%I t using gone g where t.instance_id = g.instance_id', v_table);
    end loop;
    delete from workflow.command_id c using gone g where c.scope = g.instance_id;
    drop table gone;
    delete from workflow.outbox;
    delete from workflow.partition where partition % p_databases <> p_number;
    delete from workflow.staff_load_change;
    update workflow.staff_load l
       set open_tasks = (select count(*) from workflow.to_do_task_list t where t.staff_id = l.staff_id);

    update workflow.catalog set databases = p_databases, database_number = p_number;
    if p_number <> v.database_number then
        update workflow.catalog set database_id = gen_random_uuid(), incarnation = gen_random_uuid();
        delete from workflow.submitted_command;
    end if;
    return (select count(*) from workflow.instance);
end
$$;
comment on function workflow.database_split(int4, int4) is
    'Leaves in a copy of the database what is this one''s share, when its partitions are split; returns how many instances.';
