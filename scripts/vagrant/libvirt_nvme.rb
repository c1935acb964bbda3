require "rexml/document"

# NVMe drives under libvirt. vagrant-libvirt has none and neither has libvirt before its version 11.5, so each is defined
# as a virtio disk, and QEMU is told another driver for it. libvirt still makes the image and opens it to QEMU's user, past
# AppArmor or SELinux, and `vagrant destroy` removes it: all that a drive that is named to QEMU behind libvirt's back,
# with libvirt.qemuargs, would lack.
class LibvirtNvme
  # How vagrant-libvirt names the disks that a Vagrantfile adds, in the order of their definition.
  ALIAS = "ua-disk-volume-".freeze
  QEMU = "http://libvirt.org/schemas/domain/qemu/1.0".freeze

  # serials: what the machine knows each drive by.
  def self.add(libvirt, serials, size_gb)
    serials.each do |serial|
      libvirt.storage :file, size: "#{size_gb}G", serial: serial, discard: "unmap"
    end
    register unless serials.empty?
  end

  # Calls us before vagrant-libvirt starts a machine, once for all machines.
  def self.register
    return if @registered || !Vagrant.has_plugin?("vagrant-libvirt")

    @registered = true
    Class.new(Vagrant.plugin("2")) do
      name "camgrid: NVMe drives"
      action_hook(:camgrid_nvme, "VagrantPlugins::ProviderLibvirt::Action::StartDomain") do |hook|
        hook.prepend(LibvirtNvme)
      end
    end
  end

  # A machine's definition with NVMe in place of virtio for the disks that were added; the same where there are none.
  def self.as_nvme(xml)
    document = REXML::Document.new(xml)
    names = document.get_elements("/domain/devices/disk/alias").map { |disk| disk.attributes["name"] }
    names.select! { |name| name.start_with?(ALIAS) }
    return xml if names.empty? || document.get_elements("/domain/qemu:override").any?

    document.root.add_namespace("qemu", QEMU)
    override = document.root.add_element("qemu:override")
    names.each do |name|
      frontend = override.add_element("qemu:device", "alias" => name).add_element("qemu:frontend")
      frontend.add_element("qemu:property", "name" => "driver", "type" => "string", "value" => "nvme")
    end
    document.to_s
  end

  def initialize(app, _env)
    @app = app
  end

  def call(env)
    libvirt = env[:machine].provider.driver.connection
    defined = libvirt.client.lookup_domain_by_uuid(env[:machine].id).xml_desc(Libvirt::Domain::XML_SECURE)
    wanted = self.class.as_nvme(defined)
    libvirt.define_domain(wanted) unless wanted == defined
    @app.call(env)
  end
end
