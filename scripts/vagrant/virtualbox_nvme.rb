# NVMe drives under VirtualBox, from its version 7.0 on. A controller for each drive, since the drives of one share its serial
# number; more than one controller needs the ICH9 chipset.
module VirtualboxNvme
  # serials: what the machine knows each drive by. directory: where the drives are kept until `vagrant destroy` removes
  # them with the machine.
  def self.add(virtualbox, serials, size_gb, directory)
    virtualbox.customize ["modifyvm", :id, "--chipset", "ich9"] unless serials.empty?
    serials.each_with_index do |serial, index|
      file = File.join(directory, "#{serial}.vdi")
      plug(virtualbox, "NVMe #{index}", file, size_gb) unless File.exist?(file)
      # "string:" keeps one of digits alone from being taken for a number.
      key = "VBoxInternal/Devices/nvme/#{index}/Config/SerialNumber"
      virtualbox.customize ["setextradata", :id, key, "string:#{serial}"]
    end
  end

  def self.plug(virtualbox, controller, file, size_gb)
    virtualbox.customize ["createmedium", "disk", "--filename", file, "--size", (size_gb * 1024).to_s]
    virtualbox.customize ["storagectl", :id, "--name", controller, "--add", "pcie", "--controller", "NVMe",
                          "--portcount", "1"]
    virtualbox.customize ["storageattach", :id, "--storagectl", controller, "--port", "0", "--device", "0",
                          "--type", "hdd", "--medium", file, "--nonrotational", "on", "--discard", "on"]
  end
end
