SELECT cron.schedule('camgrid-verify-phases', '23 4 * * *', 'SELECT camgrid.verify_scaling_phases()');

SET LOCAL ROLE camgrid_owner;

CREATE TYPE camgrid.implementation_status AS ENUM ('pending', 'in_progress', 'completed', 'blocked');

-- The strategy's roadmap. Nobody writes a status by hand: verify_scaling_phases() finds out what is true.
CREATE TABLE camgrid.scaling_implementation (
    phase integer PRIMARY KEY,
    phase_name varchar(100) NOT NULL,
    description text,
    tasks text[] NOT NULL,
    estimated_duration interval,
    dependencies integer[] NOT NULL DEFAULT '{}',
    status camgrid.implementation_status NOT NULL DEFAULT 'pending',
    started_at timestamptz,
    completed_at timestamptz,
    verified_at timestamptz
);
COMMENT ON TABLE camgrid.scaling_implementation IS
'How far this cluster has grown, phase by phase, as verify_scaling_phases() found it at verified_at';

INSERT INTO camgrid.scaling_implementation (
    phase, phase_name, description, tasks, estimated_duration, dependencies
) VALUES
(
    1, 'Foundation', 'Basic database optimization and monitoring setup',
    ARRAY[
        'Optimize database configuration',
        'Implement basic indexing strategy',
        'Set up monitoring and alerting',
        'Create backup and recovery procedures',
        'Performance baseline establishment'
    ],
    interval '2 months', ARRAY[]::integer[]
),
(
    2, 'Read Scaling', 'Implement read replicas and load balancing',
    ARRAY[
        'Set up read replicas',
        'Configure replication',
        'Implement load balancing',
        'Add failover mechanisms',
        'Monitor replication lag'
    ],
    interval '2 months', ARRAY[1]
),
(
    3, 'Horizontal Scaling', 'Implement database sharding and partitioning',
    ARRAY[
        'Design sharding strategy',
        'Implement database sharding',
        'Set up cross-shard queries',
        'Add data partitioning',
        'Implement shard management'
    ],
    interval '3 months', ARRAY[2]
),
(
    4, 'Advanced Optimization', 'Multi-region deployment and advanced features',
    ARRAY[
        'Implement multi-region deployment',
        'Add geo-replication',
        'Advanced caching strategies',
        'Performance optimization',
        'Disaster recovery setup'
    ],
    interval '3 months', ARRAY[3]
);

GRANT SELECT ON camgrid.scaling_implementation TO camgrid_monitor, camgrid_reader, camgrid_reporter;
