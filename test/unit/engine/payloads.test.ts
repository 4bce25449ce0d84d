import { randomBytes } from 'node:crypto'
import { MemoryBlobs } from '@fermata/lambda-runtime/payload'
import { awakeableId, type Outcome } from '@fermata/lambda-runtime/protocol'
import { createStoredPayloads } from '@fermata/orchestrator/adapters/payloads/stored-payloads'
import { describe, expect, it } from 'vitest'
import { comes, during, flat, policy, submission, submit, waitsForOp0, worldOf } from './scenes.ts'
import { completed, type Replica, type Script, type World } from './world.ts'

const k1 = randomBytes(32).toString('base64')
const encryption = { current: 'k1', keys: { k1 } }
const large = { json: 'secret '.repeat(1_000) }
const retentionMs = 60_000

function setUp(script: Script) {
  const world = worldOf({ a: script })
  const blobs = new MemoryBlobs(() => world.clock.now())
  const payloads = createStoredPayloads({ encryption, blobs, limitBytes: 1_000 })
  return { world, blobs, payloads }
}

const attached = (world: World, { engine }: Replica, id: string) =>
  during(world, engine.ingress.attach(id as never, new AbortController().signal))

describe('what comes in and goes out', () => {
  it('is packed in the journal, and plain for whoever asks', async () => {
    const { world, payloads, blobs } = setUp(async (request) => {
      const created = request.journal[0]?.entries[0]
      if (created?.kind !== 'created') throw new Error('no created')
      return { status: { kind: 'completed', value: created.input } }
    })
    const replica = await world.start({ payloads })
    const asked = { ...submission('a'), input: large, headers: { tenant: 'secret' } }
    const { invocationId: id } = await during(world, replica.engine.ingress.submit(asked)).then(
      (submitted) => submitted ?? Promise.reject(new Error('not accepted')),
    )
    expect(await attached(world, replica, id)).toEqual({ kind: 'value', value: large })
    expect(await during(world, replica.engine.ingress.output(id))).toEqual({
      kind: 'value',
      value: large,
    })
    const stored = JSON.stringify(await flat(world, id))
    expect(stored).not.toContain('secret')
    expect(stored).not.toContain('tenant')
    expect([...blobs.blobs.keys()]).toEqual([expect.stringMatching(/^journal\/a\//)])
  })

  it('is packed where it completes an awakeable', async () => {
    const { world, payloads } = setUp(async ({ epoch }) =>
      epoch === 1
        ? { entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }
        : { status: completed('done') },
    )
    const replica = await world.start({ payloads })
    const id = await submit(world, replica, 'a')
    await comes(world, id, 'suspended')
    const outcome: Outcome = { kind: 'failure', failure: { code: 'mine', message: 'secret' } }
    await during(world, replica.engine.ingress.completeAwakeable(awakeableId(id, 0), outcome))
    await comes(world, id, 'output')
    const completion = (await flat(world, id)).find(({ kind }) => kind === 'completion')
    expect(completion).toMatchObject({
      result: { failure: { code: 'mine', message: 'sealed', sealed: expect.any(String) } },
    })
  })

  it('is packed where a function dies of something that quotes it', async () => {
    const { world, payloads } = setUp(async ({ epoch }) => {
      if (epoch === 1) throw new Error('secret')
      return { status: completed('done') }
    })
    const replica = await world.start({ payloads })
    const id = await submit(world, replica, 'a')
    await comes(world, id, 'output')
    const entries = await flat(world, id)
    expect(entries.map(({ kind }) => kind)).toContain('attempt-failed')
    expect(JSON.stringify(entries)).not.toContain('secret')
  })

  it('that cannot be opened is an error with its code, and nothing else', async () => {
    const { world, payloads, blobs } = setUp(async () => ({
      status: { kind: 'completed', value: { ref: `journal/a/${'0'.repeat(64)}`, bytes: 7 } },
    }))
    const replica = await world.start({ payloads })
    const id = await submit(world, replica, 'a')
    await comes(world, id, 'output')
    const answer = attached(world, replica, id).catch((error: unknown) => error)
    expect(blobs.blobs.size).toBe(0)
    await expect(replica.engine.ingress.output(id)).rejects.toMatchObject({
      code: 'payload-missing',
      status: 410,
    })
    expect(await answer).toBeUndefined()
  })
})

describe('the blobs of an open journal', () => {
  const sleeper: Script = async ({ epoch }) =>
    epoch === 1
      ? { entries: [{ kind: 'awakeable', op: 0 }], status: waitsForOp0 }
      : { status: completed('done') }

  async function open() {
    const parts = setUp(sleeper)
    const options = { policy: policy({ retentionMs }) }
    const replica = await parts.world.start({ payloads: parts.payloads, options })
    const asked = { ...submission('a'), input: large }
    const submitted = await during(parts.world, replica.engine.ingress.submit(asked))
    if (submitted === undefined) throw new Error('not accepted')
    await comes(parts.world, submitted.invocationId, 'suspended')
    return { ...parts, replica, id: submitted.invocationId }
  }

  it('are never older than half its retention, and a little', async () => {
    const { world, blobs } = await open()
    for (let half = 0; half < 4; half++) {
      await world.clock.advance(retentionMs / 2 + 5_000)
      const [{ touchedAt } = { touchedAt: 0 }] = blobs.blobs.values()
      expect(world.clock.now() - touchedAt).toBeLessThan(retentionMs / 2 + 5_000)
    }
    expect(blobs.blobs.size).toBe(1)
  })

  it('do not keep it from being stamped when they cannot be touched', async () => {
    const { world, blobs, id } = await open()
    blobs.touch = () => Promise.reject(new Error('away'))
    await world.clock.advance(2 * retentionMs)
    expect((await world.journal(id)).length).toBeGreaterThan(0)
    expect(world.warnings.map(({ message }) => message)).toContain('Blobs could not be kept young')
  })
})
