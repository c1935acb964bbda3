"""Hosts without a way out were installed from the bundle alone, and serve."""

import time

from camgrid.bundle import wanted
from camgrid.lab import aptcache, rootfs
from tests.cluster.support import MEASURED
from tests.cluster.test_converge import changes

DIRECTORY = "/var/lib/camgrid/bundle"
# In the bundle for hosts whose PostgreSQL comes from a repository, as these do not.
FOR_A_REPOSITORY = {"python3-debian"}


def test_a_host_has_no_way_out(cluster, host):
    servers = [(server, 53) for server in rootfs.usable_servers(rootfs.resolv_conf())]
    for address, port in [(cluster.lab.gateway, aptcache.PORT), *servers]:
        assert host.run(f"timeout 3 bash -c 'exec 3<>/dev/tcp/{address}/{port}'").rc != 0, f"{address}:{port}"
    host.check_output("mkdir -p /tmp/lists/partial")
    lists = host.run("timeout 60 apt-get -o Dir::State::Lists=/tmp/lists update --error-on=any")
    assert lists.rc != 0
    assert "Temporary failure resolving" in lists.stderr
    assert not host.file("/var/cache/camgrid/packages").exists, "the machine's packages directory"


def test_a_hosts_own_apt_is_as_its_owner_left_it(host):
    # The image has Debian's sources, and neither a list nor a key beside them.
    assert host.check_output("find /etc/apt -newer /etc/machine-id -type f ! -path '*/apt.conf.d/*'") == ""
    assert host.check_output("find /var/lib/apt/lists -type f -name '*_Packages*'") == ""


def test_all_that_the_roles_ask_for_was_installed_in_the_bundles_versions(cluster, manifest):
    versions = {package.name: package.version for package in manifest.packages}
    roles = wanted.packages(cluster.inventory, cluster.topology)
    node = cluster.topology.nodes[0].host
    for name in {*roles["postgresql"], *roles["patroni"], "postgresql-17-citus-14.0"} - FOR_A_REPOSITORY:
        assert cluster.host(node).package(name).version == versions[name]
    proxy = cluster.host(cluster.topology.proxies()[0])
    for name in roles["haproxy"]:
        assert proxy.package(name).version == versions[name]


def test_the_cluster_serves_and_distributes(cluster):
    checked = cluster.camgrid("check")
    assert checked.returncode == 0, checked.stdout
    groups = cluster.value("SELECT count(DISTINCT groupid) FROM pg_dist_node WHERE groupid > 0 AND isactive")
    assert groups == len(cluster.topology.groups()) - 1
    shards = cluster.value("SELECT count(*) FROM citus_shards WHERE table_name::text LIKE '%%counting_results'")
    assert shards > 0


def test_a_second_run_changes_nothing(cluster):
    started = time.monotonic()
    run = cluster.playbook("site")
    recap = run.stdout[run.stdout.rindex("PLAY RECAP") :]
    MEASURED.append(f"offline, converging again took {time.monotonic() - started:.0f} s\n{recap}")
    assert run.returncode == 0, run.stdout[-3000:]
    assert set(changes(run.stdout)) == {*cluster.topology.hosts, "localhost"}
    assert set(changes(run.stdout).values()) == {0}
    checked = cluster.playbook("site", "--check", "--diff")
    assert checked.returncode == 0, checked.stdout[-3000:]
    assert set(changes(checked.stdout).values()) == {0}


def test_what_is_lost_or_damaged_on_a_host_is_brought_again_and_nothing_else(cluster, manifest):
    name = cluster.topology.nodes[-1].host
    host = cluster.host(name)
    lost, damaged, kept = (f"{DIRECTORY}/{package.path}" for package in manifest.packages[:3])
    before = host.check_output(f"stat --format=%i {kept}")
    host.check_output(f"rm {lost}; printf x >> {damaged}; touch {DIRECTORY}/pool/older_1_all.deb")
    run = cluster.playbook("site")
    assert run.returncode == 0, run.stdout[-3000:]
    assert {host for host, count in changes(run.stdout).items() if count} == {name}
    for path, package in zip((lost, damaged), manifest.packages, strict=False):
        assert host.file(path).sha256sum == package.sha256
    assert host.check_output(f"stat --format=%i {kept}") == before
    assert not host.file(f"{DIRECTORY}/pool/older_1_all.deb").exists


def test_it_is_removed_on_request_and_brought_again(cluster):
    assert cluster.camgrid("bundle", "clean", "--yes").returncode == 0
    hosts = [cluster.host(name) for name in cluster.topology.hosts]
    assert not any(host.file(DIRECTORY).exists for host in hosts)
    assert all(host.package("python3-apt").is_installed for host in hosts)
    run = cluster.playbook("site")
    assert run.returncode == 0, run.stdout[-3000:]
    assert all(host.file(f"{DIRECTORY}/apt.conf").exists for host in hosts)
