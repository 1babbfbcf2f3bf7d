/** A lab as a drawing's source: mermaid or Graphviz dot. */
import type { Topology } from './topology.ts'

interface Drawing {
  readonly boxes: readonly { readonly id: string; readonly label: string; readonly shape: 'machine' | 'network' | 'service' }[]
  readonly lines: readonly { readonly from: string; readonly to: string; readonly label: string }[]
}

export function mermaid(topology: Topology): string {
  const { boxes, lines } = drawing(topology)
  const edges = { machine: ['["', '"]'], network: ['(["', '"])'], service: ['[/"', '"/]'] } as const
  const nodes = boxes.map(({ id, label, shape }) => `  ${id}${edges[shape][0]}${label}${edges[shape][1]}`)
  return ['graph LR', ...nodes, ...lines.map(({ from, to, label }) => `  ${from} ---|${label}| ${to}`)].join('\n') + '\n'
}

export function dot(topology: Topology): string {
  const { boxes, lines } = drawing(topology)
  const shapes = { machine: 'box', network: 'ellipse', service: 'component' } as const
  const nodes = boxes.map(({ id, label, shape }) => `  ${id} [label="${label.replace(/<br\/>/g, '\\n')}", shape=${shapes[shape]}]`)
  return [`graph "${topology.name}" {`, ...nodes, ...lines.map(({ from, to, label }) => `  ${from} -- ${to} [label="${label}"]`), '}'].join('\n') + '\n'
}

function drawing({ machines, networks, hosts, links }: Topology): Drawing {
  const boxes: Drawing['boxes'] = [
    ...networks.map(({ name, subnet }) => ({ id: id('net', name), label: subnet === undefined ? name : `${name}<br/>${subnet.network}/${subnet.prefix}`, shape: 'network' as const })),
    ...hosts.map(({ name, services }) => ({ id: id('svc', name), label: [name, ...services.map((one) => one.kind)].join('<br/>'), shape: 'service' as const })),
    ...machines.map(({ name }) => ({ id: id('node', name), label: name, shape: 'machine' as const })),
  ]
  const plugs = [...machines.map((one) => ({ kind: 'node', one })), ...hosts.map((one) => ({ kind: 'svc', one }))].flatMap(({ kind, one }) =>
    one.nics.filter((nic) => nic.network !== undefined).map((nic) => ({ from: id(kind, one.name), to: id('net', nic.network as string), label: nic.name })),
  )
  const cables = links.map(({ ends: [a, b] }) => ({ from: id('node', a.node), to: id('node', b.node), label: `${a.nic} - ${b.nic}` }))
  return { boxes, lines: [...plugs, ...cables] }
}

/** Names are letters, digits, `_`, `-` and `.`; an identifier has none of the last two. */
function id(kind: string, name: string): string {
  return `${kind}_${name.replace(/[^A-Za-z0-9]/g, (char) => `_${(char.codePointAt(0) as number).toString(16)}`)}`
}
