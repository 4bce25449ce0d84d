import {
  type Awakeable,
  type Context,
  type DurablePromise,
  type Duration,
  type Log,
  type Origin,
  type ServiceContext,
  TerminalError,
  TimeoutError,
} from '@fermata/lambda-runtime'
import { exact } from './exact.ts'

export async function steps(ctx: Context): Promise<void> {
  const charged = ctx.run('charge', async ({ signal, attempt }) => {
    exact<typeof signal, AbortSignal>(true)
    exact<typeof attempt, number>(true)
    return { id: 'p1' }
  })
  exact<typeof charged, DurablePromise<{ id: string }>>(true)
  exact<Awaited<typeof charged>, { id: string }>(true)
  const plain = ctx.run('plain', () => 3, {
    retry: { maxAttempts: 5, initialDelay: '1s' },
    timeout: '20s',
    atMostOnce: undefined,
  })
  exact<typeof plain, DurablePromise<number>>(true)
  exact<ReturnType<typeof ctx.sleep>, DurablePromise<void>>(true)
  await ctx.run('mail', async () => {})

  // @ts-expect-error a step has a name
  await ctx.run(async () => 1)
  // @ts-expect-error a step's closure gets no input
  await ctx.run('bad', async (_step, _input: string) => 1)
  // @ts-expect-error there is no such option
  await ctx.run('bad', () => 1, { retries: 3 })
  // @ts-expect-error a step's policy cannot pause
  await ctx.run('bad', () => 1, { retry: { onExhaustion: 'pause' } })
  // @ts-expect-error a string, but no duration
  await ctx.sleep('soon')
  // @ts-expect-error a week is no unit
  await ctx.sleep({ weeks: 1 })
  await ctx.sleep({ hours: 1, minutes: undefined })
  await ctx.sleep(250)
}

export const durations: readonly Duration[] = ['250ms', '20s', '5m', '1h', '7d', 3, { days: 1 }]

export async function awakeables(ctx: Context): Promise<void> {
  const approval = ctx.awakeable<boolean>()
  exact<typeof approval, Awakeable<boolean>>(true)
  exact<typeof approval.promise, DurablePromise<boolean>>(true)
  exact<ReturnType<typeof ctx.awakeable>['id'], string>(true)
  const undecided = ctx.awakeable()
  exact<Awaited<typeof undecided.promise>, unknown>(true)
  ctx.resolveAwakeable(approval.id, true)
  ctx.resolveAwakeable(approval.id)
  ctx.rejectAwakeable(approval.id, 'no')
  // @ts-expect-error a rejection says why
  ctx.rejectAwakeable(approval.id)
  // @ts-expect-error it is completed by its id
  ctx.resolveAwakeable(approval, true)
}

export async function durablePromises(ctx: Context): Promise<void> {
  const count = ctx.run('count', () => 1)
  exact<ReturnType<typeof count.map<string>>, DurablePromise<string>>(true)
  const text = count.map((n) => `${n}`)
  exact<typeof text, DurablePromise<string>>(true)
  const timed = count.orTimeout('1d')
  exact<typeof timed, DurablePromise<number>>(true)
  const fallback = count.orTimeout({ days: 1 }, false)
  exact<typeof fallback, DurablePromise<number | false>>(true)
  const chained = count.then((n) => n)
  exact<typeof chained, Promise<number>>(true)
  // @ts-expect-error a promise that went through then() is durable no longer
  chained satisfies DurablePromise<number>
  // @ts-expect-error the time is missing
  await count.orTimeout()
}

export async function combinators(ctx: Context): Promise<void> {
  const one = ctx.run('one', () => 1)
  const two = ctx.run('two', () => 'two' as const)
  const many: DurablePromise<number>[] = [one]

  const all = ctx.all([one, two])
  exact<typeof all, DurablePromise<[number, 'two']>>(true)
  exact<Awaited<ReturnType<typeof ctx.all<typeof many>>>, number[]>(true)
  const any = ctx.any([one, two])
  exact<typeof any, DurablePromise<number | 'two'>>(true)
  const race = ctx.race([one, two])
  exact<typeof race, DurablePromise<number | 'two'>>(true)
  const settled = ctx.allSettled([one, two])
  exact<
    typeof settled,
    DurablePromise<[PromiseSettledResult<number>, PromiseSettledResult<'two'>]>
  >(true)
  const nested = ctx.race([ctx.all([one, two]), ctx.sleep('1s')])
  // biome-ignore lint/suspicious/noConfusingVoidType: it is what the race gives
  exact<Awaited<typeof nested>, void | [number, 'two']>(true)

  const plain = await Promise.all([one, two, Promise.resolve(true)])
  exact<typeof plain, [number, 'two', boolean]>(true)
  const first = await Promise.race([one, two])
  exact<typeof first, number | 'two'>(true)
  const winner = await Promise.any([one, two])
  exact<typeof winner, number | 'two'>(true)

  // @ts-expect-error a fetch is not durable
  await ctx.race([fetch('https://example.com')])
  // @ts-expect-error a plain promise is not durable
  await ctx.all([one, Promise.resolve(2)])
  // @ts-expect-error a value is no promise
  await ctx.any([1])
  // @ts-expect-error an async function's promise is not durable
  await ctx.allSettled([(async () => 1)()])
}

export function facts(ctx: ServiceContext): void {
  exact<typeof ctx.kind, 'service'>(true)
  exact<typeof ctx.id, string>(true)
  exact<typeof ctx.origin, Origin>(true)
  exact<typeof ctx.log, Log>(true)
  exact<ReturnType<typeof ctx.now>, number>(true)
  exact<ReturnType<typeof ctx.random>, number>(true)
  exact<ReturnType<typeof ctx.uuid>, string>(true)
  exact<(typeof ctx.headers)[string], string>(true)
  ctx.log.info('paid')
  ctx.log.debug({ amount: 3 }, 'paid')
  ctx.log.error(new Error('declined'), 'not paid')
  // @ts-expect-error fields come before the message
  ctx.log.warn('paid', { amount: 3 })
  // @ts-expect-error facts are read only
  ctx.attempt = 2
  // @ts-expect-error a service has no key
  ctx.key
}

export function describeOrigin(origin: Origin): string {
  if (origin.kind === 'kafka') {
    exact<typeof origin.offset, string>(true)
    exact<typeof origin.partition, number>(true)
    return `${origin.subscription}: ${origin.topic}/${origin.partition}@${origin.offset}`
  }
  // @ts-expect-error only records have a topic
  origin.topic
  exact<typeof origin.kind, 'http' | 'call' | 'send' | 'schedule' | 'collected'>(true)
  if (origin.kind === 'schedule') return `${origin.schedule} of ${origin.tick}`
  if (origin.kind === 'collected') return `${origin.how} of ${origin.sends}`
  return origin.kind === 'http' ? 'http' : `${origin.invocation}/${origin.op}`
}

export function errors(): readonly TerminalError[] {
  // @ts-expect-error a terminal error has a message
  new TerminalError()
  // @ts-expect-error a status is a number
  new TerminalError('no', { status: '409' })
  return [
    new TerminalError('no', { status: 409, cause: new Error('why'), code: 'sold-out' }),
    new TimeoutError('late'),
  ]
}
