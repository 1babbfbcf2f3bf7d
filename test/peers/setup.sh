#!/usr/bin/env bash
# Installs the independent software that test/peers runs against. Debian 12; needs root, once.
set -euo pipefail

# Captures are read back by tshark; U-Boot scripts are compared with mkimage's; device trees go through dtc; QEMU is the other board;
# the rest are the far ends of uplinks.
# xorriso, bsdtar and nbdcopy read CDs and disks of ours; e2fsprogs, sgdisk, mtools and dosfstools make disks to boot from; nbdkit serves one.
packages=(xorriso e2fsprogs gdisk mtools dosfstools nbdkit libarchive-tools libnbd-bin tshark u-boot-tools device-tree-compiler qemu-system-misc qemu-utils cpio xz-utils dnsmasq-base iputils-ping arping tcpdump socat curl busybox iproute2 procps libnfs-utils nfs-common rpcbind ndisc6 thc-ipv6 bind9-dnsutils iperf3 gdb-multiarch traceroute iputils-tracepath lftp wget tnftp ncftp python3-pyftpdlib tmux screen minicom inetutils-telnet python3-serial isc-dhcp-client udhcpc dhcpcd-base kea-admin nmap tftp-hpa atftp knot-dnsutils ldnsutils dnsperf ntpsec-ntpdate ntpsec-ntpdig chrony bsdutils)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "these packages are missing: ${missing[*]}; run this as root: bash test/peers/setup.sh" >&2
  exit 3
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "${missing[@]}"
