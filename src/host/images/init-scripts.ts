/** The scripts inside our initramfs, all for busybox's ash. They say little: every character on a console costs a guest instructions. */

/** What a test waits for: the shell's own prompt follows it. */
export const readyLine = 'netloom: shell ready'

/**
 * Mounts, modules in order, network. `netloom.dhcp=` on the kernel's command line names the NICs to ask addresses for, by commas;
 * `no` is none, and eth0 is what is taken without it.
 */
export const setupScript = `# Sourced by /init: mounts, kernel modules, network.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=vt100
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts /run /tmp
mount -t devpts devpts /dev/pts
modules=/lib/modules/$(uname -r)
if [ -e $modules/netloom.load ]; then
  while read -r module; do insmod $modules/$module || echo "netloom: $module does not load"; done <$modules/netloom.load
fi
hostname netloom
ip link set lo up
dhcp=eth0
for word in $(cat /proc/cmdline); do
  case $word in netloom.dhcp=*) dhcp=\${word#netloom.dhcp=} ;; esac
done
for nic in $(echo $dhcp | tr , ' '); do
  [ -e /sys/class/net/$nic ] || continue
  ip link set $nic up
  udhcpc -i $nic -s /etc/netloom/dhcp -p /run/udhcpc.$nic.pid -t 4 -T 2 -A 1 -n || echo "netloom: no address for $nic"
done
`

export const initScript = `#!/bin/busybox sh
. /etc/netloom/setup
echo "${readyLine}"
cd /root
export PS1='netloom:\\w# '
setsid -c sh -i </dev/console >/dev/console 2>&1
echo "netloom: the shell has ended"
poweroff -f
`

/** udhcpc's script: the event is in $1, what was leased in the environment. */
export const dhcpScript = `#!/bin/busybox sh
case $1 in
deconfig)
  ip addr flush dev $interface
  ip link set $interface up
  ;;
bound|renew)
  ip addr flush dev $interface
  ip addr add $ip/\${mask:-24} dev $interface
  for via in $router; do ip route add default via $via dev $interface && break; done
  : >/etc/resolv.conf
  [ -n "$domain" ] && echo "search $domain" >>/etc/resolv.conf
  for server in $dns; do echo "nameserver $server" >>/etc/resolv.conf; done
  [ -n "$hostname" ] && hostname $hostname
  ;;
esac
exit 0
`
