/** What is kept of a key, and for how long: nothing that was accepted expires before it is over, nothing that is over comes back. */
import { childInvocationId } from '@fermata/lambda-runtime/protocol'
import { describe, expect, it } from 'vitest'
import { refusal } from './control-scenes.ts'
import { append, asked, call, gated, keyA, list, objectWorld, resultOf } from './object-scenes.ts'
import { comes, during, flat, policy, submit, yes } from './scenes.ts'
import { completed, type Replica, type Script, until, type World } from './world.ts'

const short = { options: { policy: policy({ retentionMs: 100_000 }) } }

/** A world whose handlers take their time. */
function slowWorld(ms: number): World {
  const slowly: Script = async (request, writer) => {
    await world.clock.sleep(ms)
    return append(request, writer)
  }
  const world = objectWorld({ cart: { add: ['exclusive', slowly], list: ['shared', list] } })
  return world
}

describe('a key that is never idle', () => {
  it('loses none of those that wait for longer than they are kept', async () => {
    const world = slowWorld(30_000)
    const replica = await world.start(short)
    const inputs = ['1', '2', '3', '4', '5', '6', '7', '8']
    for (const input of inputs) await asked(world, replica, { handler: 'add', input })
    await world.clock.advance(300_000)
    expect(await call(world, replica, { handler: 'list' })).toEqual(inputs)
  })

  it('keeps the journal of a holder that runs for longer than that', async () => {
    const world = slowWorld(250_000)
    const replica = await world.start(short)
    const id = await asked(world, replica, { handler: 'add', input: 'long' })
    await world.clock.advance(200_000)
    expect(await world.journal(id)).not.toEqual([])
    expect(await resultOf(world, replica, id, 120_000)).toBe(1)
  })
})

const clear: Script = () => ({
  entries: [{ kind: 'state-clear-all', op: 0 }],
  status: completed('clear'),
})

const cart = {
  add: ['exclusive', append],
  gated: ['exclusive', gated],
  list: ['shared', list],
  clear: ['exclusive', clear],
} as const

/** The inputs of all slots. */
async function slotsOf(world: World): Promise<unknown[]> {
  const slots = await world.stores.objects.slots(keyA, 1, 100)
  return slots.map(({ mail }) =>
    mail.kind === 'invocation' && 'json' in mail.created.input
      ? mail.created.input.json
      : undefined,
  )
}

const open = (replica: Replica, id: string) =>
  replica.engine.ingress.completeAwakeable(`${id}.0`, yes)

describe('an outage of all replicas for more than half the retention', () => {
  /** One holds the key since it waited for a while, another waits behind it; then nobody is there. */
  async function afterOutage(outageMs: number) {
    const world = objectWorld({ cart })
    const dying = await world.start(short)
    const before = await asked(world, dying, { handler: 'gated', input: 'before' })
    const holder = await asked(world, dying, { handler: 'gated', input: 'holder' })
    await world.clock.advance(40_000)
    await during(world, open(dying, before))
    await comes(world, holder, 'suspended')
    await world.clock.advance(8_000)
    const next = await asked(world, dying, { handler: 'gated', input: 'next' })
    dying.kill()
    await world.clock.advance(outageMs)
    const replica = await world.start(short)
    await world.clock.advance(5_000)
    return { world, replica, holder, next }
  }

  it('lets nobody begin beside a holder that is still kept (INV-6)', async () => {
    const { world, replica, holder, next } = await afterOutage(56_000)
    expect(await flat(world, next)).toEqual([])
    await during(world, open(replica, holder))
    expect(await resultOf(world, replica, holder)).toBe(2)
    await comes(world, next, 'suspended')
  })

  it('loses a holder with its place, so that it does not begin again', async () => {
    const { world, replica, holder, next } = await afterOutage(92_000)
    await comes(world, next, 'suspended')
    expect(await flat(world, holder)).toEqual([])
    await during(world, open(replica, next))
    expect(await resultOf(world, replica, next)).toBe(2)
  })
})

describe('what is over stays over', () => {
  it('a second slot that waits until its invocation has expired does not run it again', async () => {
    const target = { service: 'cart', key: 'a', handler: 'add' }
    const world = objectWorld(
      { cart },
      {
        sender: () => ({
          entries: [{ kind: 'send', op: 0, target, input: { json: 'once' } }],
          status: completed('sent'),
        }),
      },
    )
    const dying = await world.start({
      ...short,
      onFault: (point, subject, self) => {
        if (point === 'effects.after' && subject.startsWith('sender')) self().kill()
      },
    })
    const other = await world.start(short)
    const first = await asked(world, other, { handler: 'gated', input: 'first' })
    for (let n = 0; n < 30; n++) await asked(world, other, { handler: 'add', input: 'x' })
    const sender = await submit(world, dying, 'sender')
    await until(world.clock, async () => (await slotsOf(world)).includes('once'))
    const second = await asked(world, other, { handler: 'gated', input: 'second' })
    // It is sent again, by whoever takes over, and not found so far back in the line.
    await until(world.clock, async () => (await slotsOf(world)).at(-1) === 'once')
    await during(world, open(other, first), 500)
    await comes(world, second, 'suspended')
    await world.clock.advance(400_000)
    const once = childInvocationId(target, sender, 0)
    expect(await during(world, refusal(other.engine.admin.invocation(once)))).toBe(
      'invocation-not-found',
    )
    await during(world, open(other, second), 500)
    expect(await resultOf(world, other, second)).toBe(33)
    await world.clock.advance(60_000)
    const all = (await call(world, other, { handler: 'list' })) as string[]
    expect(all.filter((input) => input === 'once')).toEqual(['once'])
  })

  it('a state that was cleared does not come back when those who made it are kept longer than those who cleared it', async () => {
    const world = objectWorld({ cart })
    const retention = { retentionMs: 100_000, idempotencyRetentionMs: 2_000_000 }
    const replica = await world.start({ options: { policy: policy(retention) } })
    await call(world, replica, { handler: 'add', input: 'old', idempotencyKey: 'k' })
    await call(world, replica, { handler: 'clear' })
    await world.clock.advance(500_000)
    expect(await call(world, replica, { handler: 'add', input: 'new' })).toBe(1)
    expect(await call(world, replica, { handler: 'list' })).toEqual(['new'])
  })

  it('a run that was stamped late does not begin again when all but its slot has expired', async () => {
    const world = objectWorld({ order: { run: ['workflow', gated] } })
    const first = await world.start(short)
    const start = world.clock.now()
    const run = (input: string) => ({ service: 'order', handler: 'run', input })
    const id = await asked(world, first, run('old'))
    await world.clock.advance(45_000)
    first.kill()
    await world.clock.advance(8_000)
    const second = await world.start(short)
    const key = { service: 'order', key: 'a' }
    await until(world.clock, async () => {
      const [slot] = await world.stores.objects.slots(key, 1, 1)
      return (slot?.expires ?? 0) > start + 120_000
    })
    await during(world, open(second, id), 500)
    expect(await resultOf(world, second, id)).toBe(1)
    await until(world.clock, async () => (await world.journal(id)).length === 0)
    await asked(world, second, run('new'))
    await comes(world, id, 'suspended')
    const created = (await flat(world, id)).find(({ kind }) => kind === 'created')
    expect(created).toMatchObject({ input: { json: 'new' } })
  })
})
