/** Every kind of service point there is. A new one is a new line. */
import type { ServiceKind } from '../src/stack/service.ts'
import { dhcp } from './dhcp/dhcp.ts'
import { tftp } from './tftp/tftp.ts'

export const services: Readonly<Record<string, ServiceKind<unknown>>> = { dhcp, tftp } as Readonly<Record<string, ServiceKind<unknown>>>
