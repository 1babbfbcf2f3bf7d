/** Debian's servers, each as its package has it but for what a measurement wants: the same files, the same leases, no log of every request. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { other, type Competitor, type Files } from './world.ts'

type Make = (files: Files) => Promise<Competitor>

const udp = (port: number): readonly string[] => ['sh', '-c', `sleep 0.5; socat -u /dev/null UDP:10.9.0.1:${port}`]
const tcp = (port: number): readonly string[] => ['socat', '-u', '/dev/null', `TCP:10.9.0.1:${port}`]

/** Installed by: apt-get install dnsmasq-base atftpd nginx-light vsftpd nfs-ganesha-vfs kea-dhcp4-server; tftpd-hpa conflicts with atftpd and is unpacked beside it (IN_TFTPD). */
export const servers: Readonly<Record<string, Make>> = {
  dnsmasq: ({ folder }) => other('dnsmasq', (own) => ['dnsmasq', '--keep-in-foreground', '--no-resolv', '--no-hosts', '--conf-file=/dev/null', '--user=root', '--quiet-dhcp', '--quiet-tftp', '--enable-tftp', `--tftp-root=${folder}`, '--host-record=files.lab,10.9.0.8', '--dhcp-range=10.9.16.1,10.9.143.254,255.255.0.0,1h', '--dhcp-lease-max=40000', '--no-ping', '--dhcp-authoritative', `--dhcp-leasefile=${join(own, 'leases')}`, `--pid-file=${join(own, 'pid')}`], ['dig', '+time=1', '@10.9.0.1', 'files.lab']),
  atftpd: ({ folder }) => other('atftpd', () => ['atftpd', '--daemon', '--no-fork', '--user', 'root.root', '--bind-address', '10.9.0.1', '--logfile', '/dev/null', '--verbose=0', folder], udp(69)),
  'tftpd-hpa': ({ folder }) => other('tftpd-hpa', () => [process.env['IN_TFTPD'] ?? '/usr/sbin/in.tftpd', '-L', '-s', '-u', 'root', '-a', '10.9.0.1:69', folder], udp(69)),
  nginx: ({ folder }) => other('nginx', (own) => {
    writeFileSync(join(own, 'nginx.conf'), `user root; worker_processes 1; pid ${own}/pid; error_log /dev/null;\nevents { worker_connections 256; }\nhttp { access_log off; sendfile on; server { listen 80; root ${folder}; } }\n`)
    return ['nginx', '-p', own, '-c', join(own, 'nginx.conf'), '-g', 'daemon off;']
  }, tcp(80)),
  vsftpd: ({ folder }) => other('vsftpd', (own) => {
    mkdirSync(join(own, 'empty'))
    writeFileSync(join(own, 'vsftpd.conf'), `listen=YES\nbackground=NO\nanonymous_enable=YES\nanon_root=${folder}\nsecure_chroot_dir=${own}/empty\nseccomp_sandbox=NO\nxferlog_enable=NO\n`)
    return ['vsftpd', join(own, 'vsftpd.conf')]
  }, tcp(21)),
  ganesha: ({ folder }) => other('ganesha', (own) => {
    const root = join(folder, 'rw-ganesha')
    mkdirSync(root, { recursive: true })
    writeFileSync(join(own, 'ganesha.conf'), `NFS_CORE_PARAM { Protocols = 3; mount_path_pseudo = false; Enable_NLM = false; Enable_RQUOTA = false; NFS_Port = 2049; MNT_Port = 20048; }\nEXPORT { Export_Id = 1; Path = ${root}; Pseudo = /srv; Protocols = 3; Access_Type = RW; Squash = No_Root_Squash; SecType = sys; FSAL { Name = VFS; } }\nLOG { Default_Log_Level = WARN; }\n`)
    // The name service's socket is a file, so it has a /run of its own.
    return ['unshare', '-m', 'sh', '-c', `mount -t tmpfs none /run; mkdir -p /run/ganesha /var/run/ganesha; rpcbind -w; exec ganesha.nfsd -F -L /dev/stderr -f ${own}/ganesha.conf -p ${own}/ganesha.pid`]
  }, ['rpcinfo', '-t', '10.9.0.1', 'nfs', '3']),
  kea: () => other('kea', (own) => {
    writeFileSync(join(own, 'kea.json'), JSON.stringify({ Dhcp4: { 'interfaces-config': { interfaces: ['bs0'] }, 'lease-database': { type: 'memfile', persist: true, name: join(own, 'leases.csv') }, 'valid-lifetime': 3600, 'multi-threading': { 'enable-multi-threading': false }, subnet4: [{ subnet: '10.9.0.0/16', pools: [{ pool: '10.9.16.1 - 10.9.143.254' }] }], loggers: [{ name: 'kea-dhcp4', severity: 'ERROR', output_options: [{ output: 'stderr' }] }] } }))
    return ['env', `KEA_PIDFILE_DIR=${own}`, `KEA_LOCKFILE_DIR=${own}`, 'kea-dhcp4', '-c', join(own, 'kea.json')]
  }, udp(67)),
}
