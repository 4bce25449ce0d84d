import fc from 'fast-check'
import { service, TerminalError } from '../../../../lambda-runtime/src/index.ts'
import type { Durable } from '../../../../lambda-runtime/src/replay/durable.ts'
import type {
  ServiceContext,
  SharedObjectContext,
} from '../../../../lambda-runtime/src/types/context.ts'
import type { DurablePromise } from '../../../../lambda-runtime/src/types/durable-promise.ts'
import type { Program } from './stage.ts'
import type { World } from './world.ts'

const peer = service('peer', { ask: (_, input: number) => `answer ${input}` })

/** One durable thing. */
type Leaf =
  | { readonly kind: 'run'; readonly ms: number; readonly fails: boolean }
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'call' | 'awakeable' | 'signal' | 'get' }

export type Statement =
  | Leaf
  | { readonly kind: 'send' }
  /** A wait that is not durable. A program waits so once at most: two of them could race. */
  | { readonly kind: 'later'; readonly ms: number }
  | { readonly kind: 'flaky'; readonly failures: number }
  | { readonly kind: 'together' | 'first'; readonly branches: readonly (readonly Statement[])[] }
  | {
      readonly kind: 'combined'
      readonly how: 'all' | 'any' | 'race' | 'allSettled'
      readonly of: readonly Leaf[]
    }
  | { readonly kind: 'timeout'; readonly of: Leaf; readonly ms: number }
  /** Branches of one leaf, or of a block, so many at a time. */
  | {
      readonly kind: 'map'
      readonly of: readonly (Leaf | readonly Statement[])[]
      readonly concurrency: number
      readonly tolerance: number | undefined
    }

const ms = fc.integer({ min: 0, max: 900 })
const leaf: fc.Arbitrary<Leaf> = fc.oneof(
  fc.record({ kind: fc.constant('run' as const), ms, fails: fc.boolean() }),
  fc.record({ kind: fc.constant('sleep' as const), ms }),
  fc.record({ kind: fc.constantFrom('call' as const, 'awakeable' as const, 'signal' as const) }),
)

/** For handlers of objects: it reads the value `n`. */
const get: fc.Arbitrary<Leaf> = fc.record({ kind: fc.constant('get' as const) })

const later: fc.Arbitrary<Statement> = fc.record({
  kind: fc.constant('later' as const),
  ms: fc.integer({ min: 1, max: 60 }),
})

type Blocks = { block: readonly Statement[]; statement: Statement }

/** Programs of durable things, and of `others`. */
const programsOf = (
  leaf: fc.Arbitrary<Leaf>,
  ...others: fc.Arbitrary<Statement>[]
): fc.Arbitrary<readonly Statement[]> =>
  fc.letrec<Blocks>((tie) => ({
    block: fc.array(tie('statement'), { minLength: 1, maxLength: 4 }),
    statement: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      leaf,
      fc.record({ kind: fc.constant('send' as const) }),
      ...others,
      fc.record({ kind: fc.constant('flaky' as const), failures: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ kind: fc.constant('timeout' as const), of: leaf, ms }),
      fc.record({
        kind: fc.constant('combined' as const),
        how: fc.constantFrom(
          'all' as const,
          'any' as const,
          'race' as const,
          'allSettled' as const,
        ),
        of: fc.array(leaf, { minLength: 1, maxLength: 4 }),
      }),
      fc.record({
        kind: fc.constant('map' as const),
        of: fc.array(fc.oneof({ weight: 4, arbitrary: leaf }, tie('block')), {
          minLength: 1,
          maxLength: 3,
        }),
        concurrency: fc.integer({ min: 1, max: 4 }),
        tolerance: fc.option(fc.nat(2), { nil: undefined }),
      }),
      fc.record({
        kind: fc.constantFrom('together' as const, 'first' as const),
        branches: fc.array(tie('block'), { minLength: 2, maxLength: 3 }),
      }),
    ),
  })).block

export const durablePrograms = programsOf(leaf)
/** Some of them wait for something that is not durable. */
export const programs = programsOf(leaf, later)
/** Some of them read state. */
export const readers = programsOf(fc.oneof(leaf, get))

/** One start of a step: which step it is, and what its handler knew when it asked for it. */
export type Start = { readonly step: string; readonly name: string; readonly now: number }

/** A wait that is not durable: some turns of the event loop, then some time. */
export type Pause = { readonly turns: number; readonly ms: number }

export type Play = {
  readonly onStart?: (start: Start) => void
  /** A step was rejected because the invocation was cancelled. */
  readonly onCancelled?: (step: string) => void
  /** The wait of this attempt, in place of the program's. */
  readonly pause?: () => Pause | undefined
}

/** A handler that does what the statements say, and answers all that it saw. */
export function programOf(
  block: readonly Statement[],
  world: () => World,
  play: Play = {},
): Program {
  return async (ctx) => {
    const player = new Player(ctx, world(), play)
    const value = await player.play(block)
    return { value, now: ctx.now(), draw: ctx.random() }
  }
}

class Player {
  readonly #ctx: ServiceContext
  readonly #world: World
  readonly #play: Play
  #hasWaited = false
  #read: unknown = 'nothing'

  constructor(ctx: ServiceContext, world: World, play: Play) {
    this.#ctx = ctx
    this.#world = world
    this.#play = play
  }

  async play(block: readonly Statement[]): Promise<unknown[]> {
    const seen: unknown[] = []
    for (const statement of block) {
      seen.push(await this.#one(statement).catch((error: Error) => `failed: ${error.message}`))
    }
    return seen
  }

  async #one(statement: Statement): Promise<unknown> {
    const ctx = this.#ctx
    switch (statement.kind) {
      case 'run':
      case 'sleep':
      case 'call':
      case 'awakeable':
      case 'signal':
      case 'get':
        return this.#leaf(statement)
      case 'send':
        ctx.send(peer).ask(1)
        return 'sent'
      case 'later':
        return this.#later(statement.ms)
      case 'flaky':
        return ctx.run('flaky', ({ attempt }) => {
          if (attempt <= statement.failures) throw new Error(`try ${attempt}`)
          return attempt
        })
      case 'timeout':
        return this.#leaf(statement.of).orTimeout(statement.ms, 'too late')
      case 'combined':
        return readable(await ctx[statement.how](statement.of.map((one) => this.#leaf(one))))
      case 'map':
        return readable(await this.#map(statement))
      case 'together':
        return Promise.all(statement.branches.map((branch) => this.play(branch)))
      case 'first':
        return Promise.race(statement.branches.map((branch) => this.play(branch)))
      default:
        return statement satisfies never
    }
  }

  #map({ of, concurrency, tolerance }: Extract<Statement, { kind: 'map' }>) {
    const one = (branch: Leaf | readonly Statement[]): Promise<unknown> =>
      isLeaf(branch) ? this.#leaf(branch) : this.play(branch)
    return tolerance === undefined
      ? this.#ctx.map(of, one, { concurrency })
      : this.#ctx.map(of, one, { concurrency, tolerance })
  }

  #leaf(leaf: Leaf): DurablePromise<unknown> {
    const ctx = this.#ctx
    switch (leaf.kind) {
      case 'run': {
        const start = {
          step: ctx.uuid(),
          name: `run ${leaf.ms} after ${this.#read}`,
          now: ctx.now(),
        }
        const step = ctx.run(start.name, async () => {
          this.#play.onStart?.(start)
          await this.#world.delay(leaf.ms)
          if (leaf.fails) throw new TerminalError('as told')
          return leaf.ms
        })
        // Not by `then`, which would be a wait of its own.
        const promise = step as DurablePromise<number> & Pick<Durable<number>, 'listen'>
        promise.listen((settled) => {
          const isCancelled = settled.status === 'rejected' && settled.reason.code === 'cancelled'
          if (isCancelled) this.#play.onCancelled?.(start.step)
        })
        return step
      }
      case 'sleep':
        return ctx.sleep(leaf.ms)
      case 'call':
        return ctx.call(peer).ask(1)
      case 'awakeable':
        return ctx.awakeable().promise
      case 'signal':
        return ctx.signal('s')
      case 'get':
        return (ctx as unknown as SharedObjectContext<Record<string, unknown>>)
          .get('n')
          .map((value) => {
            this.#read = value
            return value
          })
      default:
        return leaf satisfies never
    }
  }

  async #later(delayMs: number): Promise<string> {
    if (this.#hasWaited) return 'at once'
    this.#hasWaited = true
    const { turns, ms: waitMs } = this.#play.pause?.() ?? { turns: 0, ms: delayMs }
    for (let i = 0; i < turns; i += 1) await new Promise((resolve) => setImmediate(resolve))
    if (waitMs > 0) await this.#world.delay(waitMs)
    return 'later'
  }
}

function isLeaf(branch: Leaf | readonly Statement[]): branch is Leaf {
  return !Array.isArray(branch)
}

/** Settled results with their errors as text. */
function readable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (_, inner) => (inner instanceof Error ? inner.message : inner)),
  )
}
