/** An exclusive handler runs in a place of its key's mailbox, however it came to begin (INV-6). */
import { childInvocationId } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import { refusal } from './control-scenes.ts'
import { append, asked, call, cart, keyA, objectWorld, resultOf } from './object-scenes.ts'
import { comes, during, forgotten, has, policy, submit, waitsForOp0, yes } from './scenes.ts'
import { completed, type Script, until } from './world.ts'

describe('an exclusive invocation without a place', () => {
  it('that nobody served queues up when it is resumed', async () => {
    const target = { service: 'cart', key: 'a', handler: 'add' }
    const sender: Script = () => ({
      entries: [{ kind: 'send', op: 0, target, input: { json: 'sent' } }],
      status: completed('sent'),
    })
    const world = objectWorld({}, { sender })
    const later = objectWorld({ cart }).functions
    const replica = await world.start()
    const { admin, ingress } = replica.engine
    const sent = childInvocationId(target, await submit(world, replica, 'sender'), 0)
    await comes(world, sent, 'paused')
    const address = 'arn:aws:lambda:eu-west-1:000000000000:function:carts:1'
    for (const code of later.values()) world.functions.set(address, code)
    await during(world, admin.register(address))
    const holder = await asked(world, replica, { handler: 'gated', input: 'held' })
    await comes(world, holder, 'suspended')

    expect(await during(world, refusal(admin.resume(sent)))).toBeUndefined()
    await world.clock.advance(10_000)
    expect(await has(world, sent, 'attempt')).toBe(false)
    await during(world, ingress.completeAwakeable(`${holder}.0`, yes))
    expect(await resultOf(world, replica, sent)).toBe(2)
    expect(await call(world, replica, { handler: 'list' })).toEqual(['held', 'sent'])
  })

  it('that is to start later cannot be paused, and so not be resumed past its key', async () => {
    const world = objectWorld({ cart })
    const replica = await world.start()
    const { admin } = replica.engine
    const later = await asked(world, replica, { handler: 'add', input: 'later', delayMs: 60_000 })
    expect(await during(world, refusal(admin.pause(later, undefined)))).toBe('invocation-queued')
    expect(await resultOf(world, replica, later, 90_000)).toBe(1)
  })
})

describe('one that queues up later', () => {
  it('has one place, though it had its turn before the first was acknowledged', async () => {
    const world = objectWorld({ cart })
    const { objects } = world.stores
    const write = objects.append.bind(objects)
    let isLost = false
    objects.append = async (ref, slot) => {
      const answer = await write(ref, slot)
      if (isLost) return answer
      isLost = true
      await world.clock.sleep(2_000)
      throw new Error('the answer was lost')
    }
    const placing = await world.start()
    const other = await world.start()
    const later = { handler: 'add', input: 'later', delayMs: 20_000 }
    const id = await asked(world, placing, later)
    await until(world.clock, () => isLost)
    // Whoever comes by lets it have its turn.
    await asked(world, other, { handler: 'add', input: 'next' })
    expect(await resultOf(world, other, id, 1_000)).toBe(1)
    await world.clock.advance(60_000)
    const inputs = (await objects.slots(keyA, 1, 10)).map(({ mail }) =>
      mail.kind === 'invocation' ? mail.created.input : undefined,
    )
    expect(inputs).toEqual([{ json: 'later' }, { json: 'next' }])
  })
})

describe('the end of the last one in line', () => {
  it('is told its caller, though a look finds nobody behind it meanwhile, and who ended it dies', async () => {
    const target = { service: 'cart', key: 'a', handler: 'slow' }
    const slow: Script = async (request, writer) => {
      await world.clock.sleep(5_000)
      return append(request, writer)
    }
    const caller: Script = ({ journal }) => {
      const entries = journal.flatMap((segment) => segment.entries)
      if (entries.some(({ kind }) => kind === 'completion')) return { status: completed('told') }
      return {
        entries: [{ kind: 'call', op: 0, target, input: { json: 'x' } }],
        status: waitsForOp0,
      }
    }
    const world = objectWorld({ cart: { ...cart, slow: ['exclusive', slow] } }, { caller })
    const { journals } = world.stores
    const write = journals.append.bind(journals)
    let isAway = false
    journals.append = (id, segment, expires) =>
      isAway && id.startsWith('caller')
        ? Promise.reject(new Error('throttled'))
        : write(id, segment, expires)
    const first = await world.start()
    const before = { handler: 'add', input: 'before', idempotencyKey: 'k' }
    expect(await call(world, first, before)).toBe(1)
    const id = await submit(world, first, 'caller')
    await comes(world, id, 'suspended')
    isAway = true
    await until(world.clock, async () => (await world.stores.objects.head(keyA))?.done === 2)
    // Its answer was lost, so it is asked for again; nobody waits behind it.
    await asked(world, first, before)
    await forgotten(world)
    first.kill()
    isAway = false
    const second = await world.start()
    expect(await resultOf(world, second, id, 90_000)).toBe('told')
  })
})

describe('one that stands in line twice', () => {
  /** One has had its turn and stands in line again, behind another that holds the key. */
  async function twiceInLine() {
    const world = objectWorld({ cart })
    const replica = await world.start({ options: { policy: policy({ retentionMs: 100_000 }) } })
    const { objects } = world.stores
    const add = { handler: 'add', input: 'twice', idempotencyKey: 'k' }
    const twice = await asked(world, replica, add)
    await comes(world, twice, 'output')
    const holder = await asked(world, replica, { handler: 'gated', input: 'held' })
    await comes(world, holder, 'suspended')
    const [first] = await objects.slots(keyA, 1, 1)
    if (first === undefined) throw new Error('it has no place')
    await objects.append(keyA, { ...first, n: 3, writer: 'again' })
    await during(world, replica.engine.admin.purge(twice))
    const goOn = () => during(world, replica.engine.ingress.completeAwakeable(`${holder}.0`, yes))
    return { world, replica, add, goOn }
  }

  it('does not run again when it was purged after its first turn', async () => {
    const { world, replica, goOn } = await twiceInLine()
    await goOn()
    expect(await call(world, replica, { handler: 'add', input: 'last' })).toBe(3)
    expect(await call(world, replica, { handler: 'list' })).toEqual(['twice', 'held', 'last'])
  })

  it('runs anew when it is asked for anew after that', async () => {
    const { world, replica, add, goOn } = await twiceInLine()
    const anew = await asked(world, replica, add)
    // What waits is stamped meanwhile.
    await world.clock.advance(120_000)
    await goOn()
    expect(await resultOf(world, replica, anew)).toBe(3)
    expect(await call(world, replica, { handler: 'list' })).toEqual(['twice', 'held', 'twice'])
  })
})
