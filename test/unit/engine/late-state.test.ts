/** A replica that stalls between the beginning of an attempt and its request: what it sends late is not what came of it. */
import type { InvokeRequest } from '@fermata/lambda-runtime/protocol'
import { expect, it } from 'vitest'
import { append, asked, call, objectWorld, resultOf, stateOf } from './object-scenes.ts'
import { comes, during } from './scenes.ts'
import type { Script } from './world.ts'

it('no attempt of a holder is sent what it has left behind itself (INV-7, trace 4)', async () => {
  const requests: InvokeRequest[] = []
  const add: Script = (request, writer) => {
    requests.push(request)
    return append(request, writer)
  }
  const world = objectWorld({ cart: { add: ['exclusive', add] } })
  let isArmed = false
  const stalling = await world.start({
    onFault(point, subject, self) {
      if (!isArmed || point !== 'append.after' || !subject.startsWith('cart.')) return
      isArmed = false
      self().pause()
    },
  })
  const other = await world.start()
  isArmed = true
  const first = { handler: 'add', input: 'first', idempotencyKey: 'k' }
  void during(
    world,
    stalling.engine.ingress.submit({
      target: { service: 'cart', key: 'a', handler: 'add' },
      input: { json: 'first' },
      headers: {},
      idempotencyKey: 'k',
      delayMs: undefined,
    }),
  )
  await world.clock.advance(1_000)
  const id = await asked(world, other, first)
  await comes(world, id, 'output')
  expect(await resultOf(world, other, id)).toBe(1)
  expect(await call(world, other, { handler: 'add', input: 'second' })).toBe(2)

  stalling.resume()
  await world.clock.advance(60_000)
  const sent = requests.filter(({ invocation }) => invocation === id)
  expect(sent.map((request) => stateOf(request, 'list'))).toEqual(sent.map(() => undefined))
  expect(requests).not.toEqual([])
})
