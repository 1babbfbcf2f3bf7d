/** When a guest counts as booted (`depends_on: { node1: booted }`): its console shows what a system shows that waits for work. */
import { readTextPattern } from './tests/text-pattern.ts'

/** A getty's prompt; the shipped initramfs; systemd's last word; the built-in guest once it has its file; a root shell's prompt. */
export const booted = readTextPattern('/(?:^|\\n)[^\\n]*login: $|netloom: shell ready|Reached target [^\\n]*(?:Multi-User System|multi-user\\.target)|hello: fetched |\\n[^\\n]*# $/')
