/** Every kind of service point there is. A new one is a new line. */
import type { ServiceKind } from '../src/stack/service.ts'
import { dhcp } from './dhcp/dhcp.ts'
import { dhcp6 } from './dhcpv6/dhcpv6.ts'
import { dns } from './dns/dns.ts'
import { ftp } from './ftp/ftp.ts'
import { http } from './http/http.ts'
import { nfs } from './nfs/nfs.ts'
import { ntp } from './ntp/ntp.ts'
import { syslog } from './syslog/syslog.ts'
import { tftp } from './tftp/tftp.ts'

export const services: Readonly<Record<string, ServiceKind<unknown>>> = { dhcp, dhcp6, dns, ftp, http, nfs, ntp, syslog, tftp } as Readonly<Record<string, ServiceKind<unknown>>>
