import type { Change, Node, Program } from '../programs/program.ts'

/** Names of all statements of a program, the outer before the inner: `p0.2` is the third, `p0.2.0` the first in it. */
export function statementsOf(program: Program, path: string): readonly string[] {
  return program.flatMap((node, index) => {
    const name = `${path}.${index}`
    return [name, ...inner(node, name)]
  })
}

function inner(node: Node, name: string): readonly string[] {
  if (node.kind === 'call' || node.kind === 'send') return statementsOf(node.program, name)
  if (node.kind === 'object') return node.program.map((_, index) => `${name}.${index}`)
  if (node.kind !== 'all') return []
  return node.of.flatMap((program, branch) => statementsOf(program, `${name}.${branch}`))
}

/** The same without the statements of these names. Those that are left keep their ids, and so their effects. */
export function without(program: Program, path: string, names: ReadonlySet<string>): Program {
  return program.flatMap((node, index) => {
    const name = `${path}.${index}`
    return names.has(name) ? [] : [thinner(node, name, names)]
  })
}

function thinner(node: Node, name: string, names: ReadonlySet<string>): Node {
  switch (node.kind) {
    case 'call':
    case 'send':
      return { ...node, program: without(node.program, name, names) }
    case 'all':
      return { ...node, of: node.of.map((one, n) => without(one, `${name}.${n}`, names)) }
    case 'object':
      return { ...node, program: thinned(node.program, name, names) }
    default:
      return node
  }
}

function thinned(
  changes: readonly Change[],
  name: string,
  names: ReadonlySet<string>,
): readonly Change[] {
  return changes.filter((_, index) => !names.has(`${name}.${index}`))
}
