/** `::ffff:127.0.0.1` → `127.0.0.1`: IPv4 as Node tells it on a socket that hears both versions. RFC 4291 §2.5.5.2. */
export function plain(address: string): string {
  return address.replace(/^::ffff:(?=[\d.]+$)/, '')
}
