/**
 * From a graph of blocks to what wasm has: sequences and loops. Strongly connected components (Tarjan 1972) in topological order make a
 * sequence, in which every jump goes forward; a component that has a cycle becomes a loop, whose inside is again a sequence once the
 * edges back to its headers are taken out. A loop entered in more places than one has several headers.
 */

export type Item = { readonly kind: 'block'; readonly start: number } | Loop
export interface Loop {
  readonly kind: 'loop'
  readonly headers: readonly number[]
  readonly body: readonly Item[]
}

export type Graph = ReadonlyMap<number, readonly number[]>

/** @param entries nodes that are entered from outside. */
export function structure(graph: Graph, entries: ReadonlySet<number>): readonly Item[] {
  return components(graph).map((component): Item => {
    const [first] = component
    const members = new Set(component)
    const cyclic = component.length > 1 || (graph.get(first) as readonly number[]).includes(first)
    if (!cyclic) return { kind: 'block', start: first }
    const headers = headersOf(graph, members, entries)
    const inner = new Map(component.map((node) => [node, (graph.get(node) as readonly number[]).filter((to) => members.has(to) && !headers.includes(to))]))
    return { kind: 'loop', headers, body: structure(inner, new Set(headers)) }
  })
}

/** Members that are entered from outside the component; any one when none is. */
function headersOf(graph: Graph, members: ReadonlySet<number>, entries: ReadonlySet<number>): readonly number[] {
  const headers = new Set([...members].filter((node) => entries.has(node)))
  for (const [from, targets] of graph) {
    if (!members.has(from)) for (const to of targets) if (members.has(to)) headers.add(to)
  }
  return headers.size > 0 ? [...headers].sort((a, b) => a - b) : [Math.min(...members)]
}

/** Every node an item holds. */
export function nodesOf(item: Item): readonly number[] {
  return item.kind === 'block' ? [item.start] : item.body.flatMap(nodesOf)
}

/** Strongly connected components, topologically ordered: edges between them go forward. */
function components(graph: Graph): readonly (readonly number[])[] {
  const order = new Map<number, number>()
  const low = new Map<number, number>()
  const stack: number[] = []
  const onStack = new Set<number>()
  const found: number[][] = []
  const enter = (node: number): { node: number; at: number } => {
    order.set(node, order.size)
    low.set(node, order.size - 1)
    stack.push(node)
    onStack.add(node)
    return { node, at: 0 }
  }
  const lower = (node: number, to: number): unknown => low.set(node, Math.min(low.get(node) as number, to))
  for (const root of graph.keys()) {
    if (order.has(root)) continue
    const path = [enter(root)]
    for (let here = path.at(-1); here !== undefined; here = path.at(-1)) {
      const targets = graph.get(here.node) as readonly number[]
      if (here.at < targets.length) {
        const to = targets[here.at++]
        if (!order.has(to)) path.push(enter(to))
        else if (onStack.has(to)) lower(here.node, order.get(to) as number)
        continue
      }
      path.pop()
      const above = path.at(-1)
      if (above !== undefined) lower(above.node, low.get(here.node) as number)
      if (low.get(here.node) === order.get(here.node)) {
        const component = stack.splice(stack.indexOf(here.node))
        for (const node of component) onStack.delete(node)
        found.push(component)
      }
    }
  }
  return found.reverse()
}
