import type { Change, Node, Program, Racer } from './program.ts'

/** What a program gives: `null` for what has no value, `'refused'` for what failed. */
export type Result =
  | number
  | null
  | 'refused'
  | { readonly winner: number; readonly value: Result }
  | { readonly late: boolean; readonly value: Result }
  | readonly Result[]

/** What must come of a program, and what may: the losers of a race may or may not have got to do their part. */
export type Expected = {
  readonly output: Result
  /** Keys of effects. */
  readonly must: ReadonlySet<string>
  readonly may: ReadonlySet<string>
}

type Cells = Map<string, number>

/**
 * Says what comes of a program without any engine, journal or time: one thing after the other. Who won a race is
 * taken from what really came out; everything else must follow.
 */
export class Reference {
  readonly #must = new Set<string>()
  readonly #may = new Set<string>()
  readonly #objects = new Map<string, Cells>()

  static of(program: Program, path: string, actual: unknown): Expected {
    const reference = new Reference()
    const output = reference.#all(program, path, actual)
    return { output, must: reference.#must, may: reference.#may }
  }

  #all(program: readonly Node[], path: string, actual: unknown): readonly Result[] {
    return program.map((node, index) => this.#one(node, path, at(actual, index)))
  }

  #one(node: Node, path: string, actual: unknown): Result {
    switch (node.kind) {
      case 'step':
      case 'sleep':
      case 'awakeable':
        return this.#leaf(node, path, this.#must)
      case 'refused':
        return 'refused'
      case 'call':
        return this.#all(node.program, `${path}/${node.id}`, actual)
      case 'send':
        this.#all(node.program, `${path}/${node.id}`, undefined)
        return null
      case 'all':
        return node.of.map((program, index) =>
          this.#all(program, `${path}/${node.id}.${index}`, at(actual, index)),
        )
      case 'map':
        return node.of.map((one) => this.#one(one, `${path}/${node.id}`, undefined))
      case 'race':
        return this.#race(node.of, `${path}/${node.id}`, actual)
      case 'timeout':
        return this.#timeout(node.of, `${path}/${node.id}`, actual)
      case 'object':
        return this.#object(node, `${path}/${node.id}`)
      default:
        return node satisfies never
    }
  }

  #leaf(node: Racer, path: string, effects: Set<string>): Result {
    if (node.kind === 'sleep') return null
    effects.add(`${path}/${node.id}`)
    return node.value
  }

  #race(of: readonly Racer[], path: string, actual: unknown): Result {
    const winner = memberOf(actual, 'winner')
    for (const racer of of) this.#leaf(racer, path, this.#may)
    const won = typeof winner === 'number' ? of[winner] : undefined
    if (won === undefined) return { winner: -1, value: null }
    return { winner: of.indexOf(won), value: this.#leaf(won, path, this.#must) }
  }

  #timeout(of: Racer, path: string, actual: unknown): Result {
    // Of what is only sent nobody tells: it may have been either.
    const isInTime = memberOf(actual, 'late') === false
    const value = this.#leaf(of, path, isInTime ? this.#must : this.#may)
    return { late: !isInTime, value: isInTime ? value : null }
  }

  #object(node: Extract<Node, { kind: 'object' }>, path: string): Result {
    const cells = this.#objects.get(node.key) ?? new Map<string, number>()
    this.#objects.set(node.key, cells)
    const results = node.program.map((change) => this.#change(change, cells, path))
    return node.how === 'call' ? results : null
  }

  #change(change: Change, cells: Cells, path: string): Result {
    switch (change.kind) {
      case 'get':
        return cells.get(change.name) ?? null
      case 'set':
        cells.set(change.name, change.value)
        return null
      case 'clear':
        cells.delete(change.name)
        return null
      case 'pause':
        return null
      case 'step':
        this.#must.add(`${path}/${change.id}`)
        return change.value
      default:
        return change satisfies never
    }
  }
}

function at(actual: unknown, index: number): unknown {
  return Array.isArray(actual) ? actual[index] : undefined
}

function memberOf(actual: unknown, name: string): unknown {
  return typeof actual === 'object' && actual !== null ? Reflect.get(actual, name) : undefined
}
