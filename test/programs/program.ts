import fc from 'fast-check'

/** One thing that a random handler does. `id` is unique among its siblings: it names steps and children. */
export type Node =
  | {
      readonly kind: 'step'
      readonly id: number
      readonly value: number
      readonly failures: number
    }
  /** A step that fails for good; the handler catches it. */
  | { readonly kind: 'refused'; readonly id: number }
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'awakeable'; readonly id: number; readonly value: number }
  | { readonly kind: 'call'; readonly id: number; readonly program: Program }
  | {
      readonly kind: 'send'
      readonly id: number
      readonly program: Program
      readonly delayMs: number
    }
  | { readonly kind: 'all'; readonly id: number; readonly of: readonly Program[] }
  | {
      readonly kind: 'map'
      readonly id: number
      readonly of: readonly Node[]
      readonly concurrency: number
    }
  /** Of single durable promises. */
  | { readonly kind: 'race'; readonly id: number; readonly of: readonly Racer[] }
  | { readonly kind: 'timeout'; readonly id: number; readonly of: Racer; readonly ms: number }
  /** Calls or sends to one key of an object, which does `program` to its state. */
  | {
      readonly kind: 'object'
      readonly id: number
      readonly key: string
      readonly how: 'call' | 'send'
      readonly program: readonly Change[]
    }

export type Racer = Extract<Node, { kind: 'step' | 'sleep' | 'awakeable' }>
export type Program = readonly Node[]

/** What an object's handler does to its state. */
export type Change =
  | { readonly kind: 'get'; readonly name: string }
  | { readonly kind: 'set'; readonly name: string; readonly value: number }
  | { readonly kind: 'clear'; readonly name: string }
  | { readonly kind: 'pause'; readonly ms: number }
  | {
      readonly kind: 'step'
      readonly id: number
      readonly value: number
      readonly failures: number
    }

const value = fc.integer({ min: 0, max: 99 })
const id = fc.constant(0)
const failures = fc.constantFrom(0, 0, 0, 1, 2)
const ms = fc.constantFrom(0, 1, 50, 300, 2_000, 20_000)

const step = fc.record({ kind: fc.constant('step' as const), id, value, failures })
const sleep = fc.record({ kind: fc.constant('sleep' as const), ms })
const awakeable = fc.record({ kind: fc.constant('awakeable' as const), id, value })
const refused = fc.record({ kind: fc.constant('refused' as const), id })
const racer: fc.Arbitrary<Racer> = fc.oneof(step, sleep, awakeable)

const name = fc.constantFrom('a', 'b')
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('get' as const), name }),
  fc.record({ kind: fc.constant('set' as const), name, value }),
  fc.record({ kind: fc.constant('clear' as const), name }),
  fc.record({ kind: fc.constant('pause' as const), ms }),
  step,
)

function programOf(depth: number): fc.Arbitrary<Program> {
  const leaf: fc.Arbitrary<Node> = fc.oneof(step, sleep, awakeable, refused)
  const nodes = depth === 0 ? leaf : fc.oneof({ weight: 3, arbitrary: leaf }, nested(depth - 1))
  return fc.array(nodes, { maxLength: 4 }).map(numbered)
}

function nested(depth: number): fc.Arbitrary<Node> {
  const program = programOf(depth)
  return fc.oneof(
    fc.record({ kind: fc.constant('call' as const), id, program }),
    fc.record({ kind: fc.constant('send' as const), id, program, delayMs: ms }),
    fc.record({
      kind: fc.constant('all' as const),
      id,
      of: fc.array(program, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant('map' as const),
      id,
      of: fc.array(fc.oneof(step, sleep, refused), { minLength: 1, maxLength: 5 }).map(numbered),
      concurrency: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({
      kind: fc.constant('race' as const),
      id,
      of: fc.array(racer, { minLength: 1, maxLength: 3 }).map(numbered),
    }),
    fc.record({ kind: fc.constant('timeout' as const), id, of: racer, ms }),
  )
}

const object: fc.Arbitrary<Node> = fc.record({
  kind: fc.constant('object' as const),
  id,
  key: fc.constantFrom('x', 'y'),
  how: fc.constantFrom('call' as const, 'send' as const),
  program: fc.array(change, { minLength: 1, maxLength: 5 }).map(numbered),
})

/** Objects are asked from the top alone, one after the other: so it is known in which order their changes come. */
export const anyProgram: fc.Arbitrary<Program> = fc
  .tuple(programOf(2), fc.array(object, { maxLength: 4 }), programOf(1))
  .map(([first, objects, last]) => numbered([...first, ...objects, ...last]))

function numbered<T extends object>(of: readonly T[]): readonly T[] {
  return of.map((one, index) => ('id' in one ? { ...one, id: index } : one))
}
