require "yaml"

# An Ansible inventory in one YAML file. Variables win as in Ansible: those of `all` lose against a group's, an outer
# group's against an inner one's, equally deep ones by name, and the host's own win, whichever group they stand in.
# Ranges of hosts and ansible_group_priority are not read.
class AnsibleInventory
  def initialize(path)
    @hosts = Hash.new { |hash, name| hash[name] = {} }
    @groups = Hash.new { |hash, name| hash[name] = { vars: {}, hosts: [], parents: [] } }
    YAML.safe_load_file(path, aliases: true).each { |name, body| read(name, body || {}) }
  end

  def hosts
    @hosts.to_h { |host, own| [host, groups_of(host).map { |name| @groups[name][:vars] }.push(own).reduce(:merge)] }
  end

  private

  def read(name, body)
    group = @groups[name]
    group[:vars].merge!(body["vars"] || {})
    (body["hosts"] || {}).each do |host, variables|
      group[:hosts] |= [host]
      @hosts[host].merge!(variables || {})
    end
    (body["children"] || {}).each do |child, inner|
      @groups[child][:parents] |= [name]
      read(child, inner || {})
    end
  end

  # The groups of a host, outermost first.
  def groups_of(host)
    direct = @groups.keys.select { |name| @groups[name][:hosts].include?(host) }
    found = (["all"] + direct.flat_map { |name| [name] + ancestors(name) }).uniq
    found.sort_by { |name| [depth(name), name] }
  end

  def ancestors(name)
    @groups[name][:parents].flat_map { |parent| [parent] + ancestors(parent) }
  end

  def depth(name)
    return 0 if name == "all"

    1 + (@groups[name][:parents].map { |parent| depth(parent) }.max || 0)
  end
end
