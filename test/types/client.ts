import {
  type Connection,
  connect,
  type OutsideAwakeable,
  type OutsidePromise,
  type Submitted,
} from '@fermata/lambda-runtime/client'
import type { Item, inventory } from './definitions.ts'
import { exact } from './exact.ts'
import { cart } from './objects.ts'
import { signup, verified } from './workflows.ts'

export const connection: Connection = connect('http://localhost:8080', { timeout: '1m' })

export async function outside(item: Item, signal: AbortSignal): Promise<void> {
  const reserved = connection.call<typeof inventory>('inventory').reserve(item)
  exact<typeof reserved, Promise<{ slip: string }>>(true)
  const added = connection.call(cart, 'k', { idempotencyKey: 'i', timeout: '1s', signal })
  exact<ReturnType<typeof added.add>, Promise<number>>(true)
  const sent = connection.send(cart, 'k', { delay: '1h' }).size()
  exact<typeof sent, Promise<Submitted<number>>>(true)
  const output = (await sent).attach()
  exact<typeof output, Promise<number>>(true)
  const attached = connection.attach<string>('id')
  exact<typeof attached, Promise<string>>(true)
  const awakeable = connection.awakeable<boolean>('id')
  exact<typeof awakeable, OutsideAwakeable<boolean>>(true)
  await awakeable.resolve(true)
  const promise = connection.promise(signup, 'k', verified)
  exact<typeof promise, OutsidePromise<string>>(true)
  const peeked = await promise.peek()
  exact<typeof peeked, { readonly value: string } | undefined>(true)
  await connection.promise<number>('signup', 'k', 'other').resolve(1, { signal })
  await connection.invocation('id').signal('go', { any: 'thing' })
  await connection.invocation('id').signal(verified, 'text')

  // @ts-expect-error the value has another type
  await awakeable.resolve('yes')
  // @ts-expect-error an object has a key
  connection.call(cart).size()
  // @ts-expect-error an object has no promises
  connection.promise(cart, 'k', verified)
  // @ts-expect-error a call has no delay
  connection.call(cart, 'k', { delay: '1h' })
  // @ts-expect-error the signal is for text
  await connection.invocation('id').signal(verified, 7)
  // @ts-expect-error a wrong name does not compile
  await connection.call<typeof inventory>('inventroy').count('a')
  // @ts-expect-error a result that is no durable promise
  await reserved.orTimeout('1s')
}
