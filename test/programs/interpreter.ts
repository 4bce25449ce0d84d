import {
  type DurablePromise,
  object,
  service,
  TerminalError,
} from '../../lambda-runtime/src/index.ts'
import type { Context, ObjectContext, Step } from '../../lambda-runtime/src/types/context.ts'
import type { Change, Node, Program, Racer } from './program.ts'
import type { Result } from './reference.ts'

export type Play = { readonly program: Program; readonly path: string }
export type Apply = { readonly program: readonly Change[]; readonly path: string }
type State = { readonly a: number; readonly b: number }

const outside = 'http://outside'
const retry = { initialDelay: '20ms', factor: 2, maxAttempts: 10 } as const

/** Plays any program: the same code whatever the program, so it is the engine that is tested. */
export const interpreter = service('interpreter', {
  play: (ctx, input) => {
    const { program, path } = input as Play
    return all(ctx, program, path)
  },
})

export const cell = object<State>()('cell', {
  async apply(ctx, input) {
    const { program, path } = input as Apply
    const results: Result[] = []
    for (const change of program) results.push(await applied(ctx, change, path))
    return results
  },
})

async function all(ctx: Context, program: readonly Node[], path: string): Promise<Result[]> {
  const results: Result[] = []
  for (const node of program) results.push(await one(ctx, node, path))
  return results
}

async function one(ctx: Context, node: Node, path: string): Promise<Result> {
  switch (node.kind) {
    case 'step':
    case 'sleep':
    case 'awakeable':
      return await leaf(ctx, node, path)
    case 'refused':
      return await refused(ctx, `${path}/${node.id}`)
    case 'call':
      return await ctx
        .call<typeof interpreter>('interpreter')
        .play({ program: node.program, path: `${path}/${node.id}` } satisfies Play)
    case 'send':
      ctx
        .send<typeof interpreter>('interpreter', { delay: node.delayMs })
        .play({ program: node.program, path: `${path}/${node.id}` } satisfies Play)
      return null
    case 'all':
      return await Promise.all(
        node.of.map((program, index) => all(ctx, program, `${path}/${node.id}.${index}`)),
      )
    case 'map':
      return await ctx.map(node.of, (each) => one(ctx, each, `${path}/${node.id}`), {
        concurrency: node.concurrency,
      })
    case 'race':
      return await race(ctx, node.of, `${path}/${node.id}`)
    case 'timeout':
      return await leaf(ctx, node.of, `${path}/${node.id}`)
        .map((value): Result => ({ late: false, value }))
        .orTimeout(node.ms, { late: true, value: null })
    case 'object':
      return await ask(ctx, node, `${path}/${node.id}`)
    default:
      return node satisfies never
  }
}

function race(ctx: Context, of: readonly Racer[], path: string): DurablePromise<Result> {
  const racers = of.map((racer, winner) =>
    leaf(ctx, racer, path).map((value): Result => ({ winner, value })),
  )
  return ctx.race(racers)
}

function leaf(ctx: Context, node: Racer, path: string): DurablePromise<number | null> {
  switch (node.kind) {
    case 'step':
      return step(ctx, node, path)
    case 'sleep':
      return ctx.sleep(node.ms).map(() => null)
    case 'awakeable': {
      const { id, promise } = ctx.awakeable<number>()
      const key = `${path}/${node.id}`
      const asked = ctx.run(`ask ${key}`, (of) =>
        tell(of, key, { awakeable: id, value: node.value }),
      )
      return ctx.all([promise, asked]).map(([value]) => value)
    }
    default:
      return node satisfies never
  }
}

function step(
  ctx: Context,
  { id, value, failures }: Extract<Racer, { kind: 'step' }>,
  path: string,
): DurablePromise<number> {
  const key = `${path}/${id}`
  const tried = async (of: Step): Promise<number> => {
    if (of.attempt <= failures) throw new Error('not yet')
    await tell(of, key, { value })
    return value
  }
  return ctx.run(`step ${key}`, tried, { retry })
}

async function refused(ctx: Context, key: string): Promise<Result> {
  try {
    await ctx.run(`refused ${key}`, () => {
      throw new TerminalError('refused')
    })
    return null
  } catch (error) {
    if (error instanceof TerminalError) return 'refused'
    throw error
  }
}

async function ask(
  ctx: Context,
  { key, how, program }: Extract<Node, { kind: 'object' }>,
  path: string,
): Promise<Result> {
  // Each program has objects of its own: so it is known in which order they change.
  const own = `${path.split('/')[0]} ${key}`
  const input: Apply = { program, path }
  if (how === 'call') return await ctx.call<typeof cell>('cell', own).apply(input)
  ctx.send<typeof cell>('cell', own).apply(input)
  return null
}

async function applied(ctx: ObjectContext<State>, change: Change, path: string): Promise<Result> {
  const name = 'name' in change ? (change.name as keyof State) : 'a'
  switch (change.kind) {
    case 'get':
      return (await ctx.get(name)) ?? null
    case 'set':
      ctx.set(name, change.value)
      return null
    case 'clear':
      ctx.clear(name)
      return null
    case 'pause':
      await ctx.sleep(change.ms)
      return null
    case 'step':
      return await step(ctx, change, path)
    default:
      return change satisfies never
  }
}

async function tell(of: Step, key: string, body: object): Promise<void> {
  const response = await fetch(new URL('/tell', outside), {
    method: 'POST',
    headers: { 'idempotency-key': key },
    body: JSON.stringify(body),
    signal: of.signal,
  })
  if (!response.ok) throw new Error(await response.text())
}
