/**
 * A Debian root file system with systemd, as a recipe: packages unpacked, and the few files that their maintainer scripts would have
 * written. Those scripts don't run (they would need the guest), so there is no dpkg database and nothing for debconf.
 */
import { utf8 } from '../../base/bytes.ts'
import type { InitramfsRecipe } from './initramfs.ts'

/** What a Debian system needs to come up to a login, beside what these depend on. */
const system: readonly string[] = [
  'base-files', 'base-passwd', 'bash', 'coreutils', 'findutils', 'grep', 'hostname', 'iproute2', 'kmod', 'libc-bin', 'libpam-modules',
  'libpam-runtime', 'login', 'mount', 'passwd', 'procps', 'sed', 'systemd-sysv', 'udev', 'util-linux',
]

/** Root has no password: a lab's machines are reached by its console. */
const defaults: Readonly<Record<string, string>> = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  '/etc/group': 'root:x:0:\ndaemon:x:1:\ntty:x:5:\ndisk:x:6:\nshadow:x:42:\nnogroup:x:65534:\n',
  '/etc/shadow': 'root::20000:0:99999:7:::\ndaemon:*:20000:0:99999:7:::\nnobody:*:20000:0:99999:7:::\n',
  '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n',
  '/etc/pam.d/common-auth': 'auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\nauth required pam_permit.so\n',
  '/etc/pam.d/common-account': 'account required pam_unix.so\n',
  '/etc/pam.d/common-session': 'session required pam_unix.so\n',
  '/etc/pam.d/common-session-noninteractive': 'session required pam_unix.so\n',
  '/etc/pam.d/common-password': 'password required pam_unix.so\n',
  '/etc/profile': `export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin\n[ -n "$BASH" ] && PS1='\\u@\\h:\\w\\$ '\n`,
  // Without one systemd would ask for a language, a time zone and a password before anything else.
  '/etc/machine-id': '6e65746c6f6f6d000000000000000001\n',
  '/etc/locale.conf': 'LANG=C.UTF-8\n',
  '/etc/hostname': 'debian\n',
  '/etc/fstab': '# The root is there already.\n',
}

/** @param asked packages beside the usual ones, and files that go over everything else. */
export function debianRecipe(asked: Pick<InitramfsRecipe, 'modules' | 'packages' | 'files'>): InitramfsRecipe {
  const files = new Map(Object.entries(defaults).map(([name, text]) => [name, utf8(text)] as const))
  for (const [name, content] of asked.files) files.set(name, content)
  return { modules: asked.modules, packages: [...new Set([...system, ...asked.packages])], files, init: undefined, bare: true }
}
