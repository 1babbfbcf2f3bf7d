/**
 * What Node's module hooks do for ES modules inside a lab, as the plain JavaScript that Node's hooks thread understands without any loader.
 *
 * Theory of operation. A module inside is imported with `?netloom-inside=N`, and hands that on to whatever it imports. Node's own modules become
 * `netloom-inside:N/builtin/NAME`, CommonJS files `netloom-inside:N/cjs/URL`: small modules made here, whose exports are taken from the loader of
 * that number (es-loader.ts). Its names are asked of the main thread, where a CommonJS file is run for them. Other modules get the lab's timers,
 * dates and chance as constants on their first line, except those names that they declare or import themselves.
 */
export const hooksSource = String.raw`
import { isBuiltin } from 'node:module'

const scheme = 'netloom-inside:'
const mark = /[?&]netloom-inside=(\d+)/
const waiting = new Map()
let port
let count = 0

export function initialize(given) {
  port = given.port
  port.on('message', ({ id, names, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) resolve(names)
    else reject(Object.assign(new Error(error.message), { code: error.code }))
  })
}

function namesOf(inside, kind, name) {
  const id = count++
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject })
    port.postMessage({ id, inside, kind, name })
  })
}

const made = (inside, kind, name) => ({ url: scheme + inside + '/' + kind + '/' + encodeURIComponent(name), format: 'module', shortCircuit: true })

export async function resolve(specifier, context, next) {
  const inside = mark.exec(context.parentURL ?? '')?.[1]
  if (inside === undefined) return next(specifier, context)
  if (isBuiltin(specifier)) return made(inside, 'builtin', specifier)
  const found = await next(specifier, context)
  if (isBuiltin(found.url)) return made(inside, 'builtin', found.url)
  if (!found.url.startsWith('file:') || mark.test(found.url)) return found
  // Of what no package.json says what it is, Node finds out by looking; here it is CommonJS, as it always was.
  const untold = (found.format === undefined || found.format === null) && /\.js(?:$|\?)/.test(found.url)
  if (found.format === 'commonjs' || found.format === 'addon' || untold) return made(inside, 'cjs', found.url)
  if (found.format === 'json' || found.format === 'wasm') return found
  return { ...found, url: found.url + (found.url.includes('?') ? '&' : '?') + 'netloom-inside=' + inside }
}

// Whether a module declares or imports that name itself: { N as other } and { N: other } are other names.
function own(source, name) {
  return new RegExp('\\bimport\\b[^;\'"]*\\b' + name + '\\b(?!\\s+as\\b)[^;\'"]*\\bfrom\\b|\\b(?:const|let|var|function\\*?|class)\\s+' + name + '\\b|\\b(?:const|let|var)\\s*[{\\[][^}\\]]*\\b' + name + '\\b(?!\\s*:)[^}\\]]*[}\\]]\\s*=').test(source)
}

export async function load(url, context, next) {
  if (url.startsWith(scheme)) {
    const [, inside, kind, written] = /^netloom-inside:(\d+)\/(\w+)\/(.*)$/.exec(url)
    const name = decodeURIComponent(written)
    const names = await namesOf(Number(inside), kind, name)
    const at = 'globalThis[Symbol.for("netloom.inside")].get(' + inside + ').' + kind + '(' + JSON.stringify(name) + ')'
    const lines = names.filter((each) => each !== 'default').map((each, index) => 'const _' + index + ' = module[' + JSON.stringify(each) + ']; export { _' + index + ' as ' + JSON.stringify(each) + ' }')
    return { format: 'module', shortCircuit: true, source: 'const module = ' + at + '\nexport default module\n' + lines.join('\n') }
  }
  const inside = mark.exec(url)?.[1]
  const loaded = await next(url, context)
  if (inside === undefined || loaded.format !== 'module' || loaded.source === undefined || loaded.source === null) return loaded
  const source = typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source).toString('utf8')
  const names = (await namesOf(Number(inside), 'globals', '')).filter((name) => !own(source, name))
  return { ...loaded, source: 'const { ' + names.join(', ') + ' } = globalThis[Symbol.for("netloom.inside")].get(' + inside + ').globals("");' + source.replace(/^#!/, '//') }
}
`
