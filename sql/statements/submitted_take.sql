-- submitted_take.sql - Takes commands submitted by SQL, in their order (EOS-25): what is committed and nobody has locked. Not by the
-- last number that was taken: a lower one may be committed later. $1 how many at most, $2 how many bytes, the last one's
-- end not counted. The headers are names and values, one after the other.
  with next as materialized (
       select c.command_no, c.size
         from workflow.submitted_command c
        where c.command_no > 0
        order by c.command_no
        limit $1::int4
          for update skip locked
       ),
       fitting as materialized (
       select array_agg(f.command_no) as command_nos
         from (select n.command_no, sum(n.size) over (order by n.command_no) - n.size as bytes_before
                 from next n) as f
        where f.bytes_before < $2::int8
       ),
       taken as (
       delete from workflow.submitted_command c
        where c.command_no = any ((select f.command_nos from fitting f)::int8[])
       returning c.*
       )
select t.command, t.key, t.id, t.data::text,
       (select string_agg('ce_' || h.key || e'\x1f' || h.value, e'\x1f') from jsonb_each_text(t.headers) h)
  from taken t
 order by t.command_no;
