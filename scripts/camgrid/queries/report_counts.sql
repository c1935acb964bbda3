-- Summed by camera first, where the rows are; only the sums meet the cameras' names and sites.
SELECT
    {keys}
    sum(part.count_in)::bigint AS count_in,
    sum(part.count_out)::bigint AS count_out,
    sum(part.total_count)::bigint AS total_count,
    sum(part.results)::bigint AS results
FROM (
    SELECT
        {part_keys},
        sum(count_in) AS count_in,
        sum(count_out) AS count_out,
        sum(total_count) AS total_count,
        count(*) AS results
    FROM camgrid.counting_results
    WHERE {conditions}
    GROUP BY {part_names}
) AS part
LEFT JOIN camgrid.cameras ON part.camera_id = cameras.id
{grouping}
LIMIT %(limit)s
