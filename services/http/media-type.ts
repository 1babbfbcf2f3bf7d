/** Media types by the ends of names. IANA's registry; what net-booting clients look at is among them. */
const types: Readonly<Record<string, string>> = {
  css: 'text/css', csv: 'text/csv', efi: 'application/efi', gif: 'image/gif', gz: 'application/gzip', htm: 'text/html', html: 'text/html', img: 'application/octet-stream', ipxe: 'text/plain', iso: 'application/vnd.efi.iso',
  jpg: 'image/jpeg', js: 'text/javascript', json: 'application/json', md: 'text/markdown', mjs: 'text/javascript', pdf: 'application/pdf', png: 'image/png', svg: 'image/svg+xml', tar: 'application/x-tar', txt: 'text/plain',
  wasm: 'application/wasm', xml: 'application/xml', xz: 'application/x-xz', yaml: 'application/yaml', yml: 'application/yaml', zip: 'application/zip', zst: 'application/zstd',
}

export function mediaTypeOf(name: string): string {
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1].toLowerCase() ?? ''
  const type = Object.hasOwn(types, ending) ? types[ending] : 'application/octet-stream'
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}
