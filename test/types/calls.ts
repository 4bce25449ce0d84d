import type {
  Context,
  DurablePromise,
  Invocation,
  InvocationPromise,
  ServiceContext,
} from '@fermata/lambda-runtime'
import type { Item, inventory } from './definitions.ts'
import { careful, ping } from './definitions.ts'
import { exact } from './exact.ts'

type Inventory = typeof inventory

export async function calls(ctx: Context, item: Item, definition: Inventory): Promise<void> {
  const reserved = ctx.call(definition).reserve(item)
  exact<typeof reserved, InvocationPromise<{ slip: string }>>(true)
  exact<typeof reserved.invocationId, string>(true)
  const timed = reserved.orTimeout('1m')
  exact<typeof timed, DurablePromise<{ slip: string }>>(true)
  const byName = ctx.call<Inventory>('inventory').count('a')
  exact<typeof byName, InvocationPromise<number>>(true)
  const optioned = ctx.call(careful, { idempotencyKey: undefined, headers: { a: 'b' } }).work()
  exact<typeof optioned, InvocationPromise<number>>(true)
  const named = ctx.call<typeof careful>('careful', { idempotencyKey: 'k' }).work()
  exact<typeof named, InvocationPromise<number>>(true)
  exact<ReturnType<ReturnType<typeof ctx.call<Inventory>>['clear']>, InvocationPromise<void>>(true)
  await ctx.call(definition).maybe()
  await ctx.call(definition).look({ anything: true })

  const both = await Promise.all([ctx.call(ping).hit(1), ctx.run('step', () => 'x')])
  exact<typeof both, [number, string]>(true)
  const durable = await ctx.all([ctx.call(ping).hit(1), ctx.run('step', () => 'x')])
  exact<typeof durable, [number, string]>(true)

  // @ts-expect-error a wrong name does not compile
  await ctx.call<Inventory>('inventroy').count('a')
  // @ts-expect-error a name without a type says nothing of handlers
  await ctx.call('inventory').count('a')
  // @ts-expect-error there is no such handler
  await ctx.call(definition).resreve(item)
  // @ts-expect-error the input is missing
  await ctx.call(definition).reserve()
  // @ts-expect-error another input
  await ctx.call(definition).reserve('sku')
  // @ts-expect-error a handler without input takes none
  await ctx.call(definition).clear(1)
  // @ts-expect-error a service has no key
  await ctx.call(definition, 'key').count('a')
  // @ts-expect-error options go on the target, and a call has no delay
  await ctx.call(definition, { delay: '1s' }).count('a')
  // @ts-expect-error not a definition
  await ctx.call({ kind: 'service' }).count('a')
  // @ts-expect-error a client cannot be awaited into something
  await ctx.call(definition).then(() => 1)
}

export function sends(ctx: ServiceContext, item: Item, definition: Inventory): void {
  const sent = ctx.send(definition, { delay: '1h' }).reserve(item)
  exact<typeof sent, Invocation<{ slip: string }>>(true)
  exact<typeof sent.invocationId, string>(true)
  const byName = ctx.send<Inventory>('inventory', { delay: { minutes: 5 } }).count('a')
  exact<typeof byName, Invocation<number>>(true)
  ctx.send(ping).hit(1)
  // @ts-expect-error what was sent is no promise
  sent.then(() => 1)
  // @ts-expect-error it cannot be raced either
  ctx.race([sent])
  // @ts-expect-error a delay is a duration
  ctx.send(definition, { delay: 'later' }).clear()
  // @ts-expect-error another input
  ctx.send(definition).count(3)
}
