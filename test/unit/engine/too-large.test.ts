/** Values that fit where they come from, and not where they are to go: nobody waits for them without end. */
import {
  childInvocationId,
  type Entry,
  type InvocationId,
  ProtocolError,
} from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import { outcomeOf } from './control-scenes.ts'
import { append, asked, inputOf, keyA, objectWorld, resultOf } from './object-scenes.ts'
import { comes, during, forgotten, submit, waitsForOp0 } from './scenes.ts'
import { completed, type Script, type World } from './world.ts'

const limit = 5_000

/** A segment of these invocations holds no more than `limit` bytes. */
function limited(world: World, service: string): void {
  const { journals } = world.stores
  const write = journals.append.bind(journals)
  Object.assign(journals, {
    async append(...args: Parameters<typeof write>) {
      const [id, { entries }] = args
      if (id.startsWith(`${service}.`) && JSON.stringify(entries).length > limit) {
        throw new ProtocolError('segment-too-large', 'the segment is too large')
      }
      return write(...args)
    },
  })
}

const target = { service: 'cart', key: 'a', handler: 'large' }
const large = 'x'.repeat(limit)
const largeOutput: Script = () => ({ status: completed(large) })

/** Says what became of op 0. */
const asking =
  (...entries: readonly Entry[]): Script =>
  ({ epoch, journal }) => {
    if (epoch === 1) return { entries, status: waitsForOp0 }
    const news = journal.flatMap((segment) => segment.entries)
    const done = news.find((entry) => entry.kind === 'completion')
    const result = done?.kind === 'completion' ? done.result : undefined
    return { status: completed(result?.kind === 'failure' ? result.failure.code : 'no failure') }
  }

async function said(world: World, id: InvocationId): Promise<unknown> {
  await comes(world, id, 'output')
  return outcomeOf(world, id)
}

const tooLarge = { value: { json: 'segment-too-large' } }

describe('an output that its caller has no room for', () => {
  it('is a failure to the caller, and the key goes on', async () => {
    const world = objectWorld(
      { cart: { large: ['exclusive', largeOutput], add: ['exclusive', append] } },
      { caller: asking({ kind: 'call', op: 0, target, input: { json: 1 } }) },
    )
    limited(world, 'caller')
    const replica = await world.start()
    const id = await submit(world, replica, 'caller')
    expect(await said(world, id)).toMatchObject(tooLarge)
    const next = await asked(world, replica, { handler: 'add', input: 'next' })
    expect(await resultOf(world, replica, next)).toBe(1)
    expect((await world.stores.objects.head(keyA))?.done).toBe(2)
  })
})

describe('an input that its callee has no room for', () => {
  const plain = { service: 'callee', handler: 'process' }

  it('is a failure to the caller', async () => {
    const world = objectWorld(
      {},
      {
        caller: asking({ kind: 'call', op: 0, target: plain, input: { json: large } }),
        callee: () => ({ status: completed('called') }),
      },
    )
    limited(world, 'callee')
    const replica = await world.start()
    const id = await submit(world, replica, 'caller')
    expect(await said(world, id)).toMatchObject(tooLarge)
  })

  it('is said and dropped where it was sent, and the sender goes on', async () => {
    const world = objectWorld(
      {},
      {
        sender: () => ({
          entries: [{ kind: 'send', op: 0, target: plain, input: { json: large } }],
          status: completed('sent'),
        }),
        callee: () => ({ status: completed('called') }),
      },
    )
    limited(world, 'callee')
    const replica = await world.start()
    const id = await submit(world, replica, 'sender')
    expect(await said(world, id)).toMatchObject({ value: { json: 'sent' } })
    await forgotten(world)
    expect(await world.journal(childInvocationId('callee', id, 0))).toEqual([])
    const told = world.warnings.filter(({ message }) => message.includes('dropped'))
    expect(told).toHaveLength(1)
  })

  it('is said and dropped where it was a signal', async () => {
    const world = objectWorld(
      {},
      {
        listener: () => ({
          entries: [{ kind: 'signal-wait', op: 0, name: 'go' }],
          status: waitsForOp0,
        }),
        sender: (request) => {
          const invocation = inputOf(request) as InvocationId
          const value = { json: large }
          return {
            entries: [{ kind: 'signal-send', op: 0, invocation, name: 'go', value }],
            status: completed('sent'),
          }
        },
      },
    )
    limited(world, 'listener')
    const replica = await world.start()
    const listener = await submit(world, replica, 'listener')
    await comes(world, listener, 'suspended')
    const target = { service: 'sender', handler: 'process' }
    const input = { json: listener }
    const asks = { target, input, headers: {}, idempotencyKey: undefined, delayMs: undefined }
    const sent = await during(world, replica.engine.ingress.submit(asks))
    expect(await said(world, sent?.invocationId as InvocationId)).toMatchObject({
      value: { json: 'sent' },
    })
    await forgotten(world)
    const told = world.warnings.filter(({ message }) => message.includes('dropped'))
    expect(told).toHaveLength(1)
  })
})
