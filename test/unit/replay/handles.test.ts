import { describe, expect, it } from 'vitest'
import { promiseName, service, TerminalError } from '../../../lambda-runtime/src/index.ts'
import {
  childInvocationId,
  type Entry,
  invocationIdFrom,
} from '../../../lambda-runtime/src/protocol/index.ts'
import { decodeValue, encodeValue } from '../../../lambda-runtime/src/values.ts'
import {
  completed,
  invocation,
  key,
  keyedStage,
  kindsOf,
  type Program,
  Stage,
} from './support/stage.ts'

const other = invocationIdFrom({ service: 'peer', key: 'k' }, new Uint8Array(17).fill(3))
const peer = service('peer', { ask: (_, input: number) => `answer ${input}` })

describe('ctx.invocation', () => {
  it('waits for what comes of another invocation', async () => {
    const stage = new Stage((ctx) => ctx.invocation<string>(other).attach())
    const reply = await stage.drive()
    expect(reply.entries).toEqual([{ kind: 'attach', op: 0, invocation: other }])
    expect(reply.status).toEqual({ kind: 'suspended', waitingOn: { kind: 'op', op: 0 } })
    stage.complete(0, 'done')
    expect((await stage.drive()).status).toEqual(completed('done'))
  })

  it('rejects with what the other one failed with', async () => {
    const stage = new Stage((ctx) => ctx.invocation(other).attach())
    await stage.drive()
    stage.fail(0, { code: 'sold-out', message: 'no more', status: 409 })
    expect((await stage.drive()).status).toMatchObject({
      kind: 'failed',
      failure: { code: 'sold-out', message: 'no more', status: 409 },
    })
  })

  it('sends signals and cancels, without waiting', async () => {
    const stage = new Stage((ctx) => {
      const handle = ctx.invocation(other)
      handle.signal('paid', { sum: 3n })
      handle.signal('done')
      handle.cancel()
      return handle.invocationId
    })
    const reply = await stage.drive()
    expect(reply.status).toEqual(completed(other))
    expect(reply.entries).toEqual([
      {
        kind: 'signal-send',
        op: 0,
        invocation: other,
        name: 'paid',
        value: encodeValue({ sum: 3n }),
      },
      { kind: 'signal-send', op: 1, invocation: other, name: 'done', value: { void: true } },
      { kind: 'cancel-invocation', op: 2, invocation: other },
    ])
  })

  it('is carried out while a step executes, not after it', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const slow = ctx.run('slow', () => stage.world.delay(3_000))
      ctx.invocation(other).cancel()
      await slow
    })
    const ended = stage.begin()
    await stage.world.pass(100)
    expect(kindsOf(stage.journal.entries)).toEqual(['created', 'attempt', 'cancel-invocation 1'])
    await stage.world.run(ended)
  })

  it('refuses what is no id, no name and no value, and that is no op', async () => {
    const stage = new Stage((ctx) => {
      const tries = [
        () => ctx.invocation('nonsense'),
        () => ctx.invocation(other).signal('', 1),
        () => ctx.invocation(other).signal('f', () => 1),
      ]
      return tries.map((one) => {
        try {
          return one()
        } catch (error) {
          return (error as TerminalError).code
        }
      })
    })
    const reply = await stage.drive()
    expect(reply.status).toEqual(
      completed(['bad-invocation-id', 'option-invalid', 'value-unstorable']),
    )
    expect(reply.entries).toEqual([])
  })

  it('is what ctx.send gives', async () => {
    const stage = new Stage(async (ctx) => {
      const sent = ctx.send(peer).ask(1)
      sent.signal('hurry')
      const answer = await sent.attach()
      sent.cancel()
      return [answer, sent.invocationId]
    })
    await stage.drive()
    stage.complete(2, 'answer 1')
    const reply = await stage.drive()
    const ids = stage.journal.entries.flatMap((entry) =>
      'invocation' in entry ? [entry.invocation] : [],
    )
    expect(new Set(ids).size).toBe(1)
    expect(reply.status).toEqual(completed(['answer 1', ids[0]]))
    expect(ids).toHaveLength(3)
  })
})

describe('ctx.promise', () => {
  const workflow = { kind: 'workflow' } as const
  const verified = promiseName<string>('verified')
  const ref = { workflow: 'svc', key, name: 'verified' }

  it('waits for its outcome', async () => {
    const stage = keyedStage(workflow, (ctx) => ctx.promise(verified).get())
    const reply = await stage.drive()
    expect(reply.entries).toEqual([{ kind: 'promise-get', op: 0, promise: ref }])
    stage.complete(0, 'yes')
    expect((await stage.drive()).status).toEqual(completed('yes'))
  })

  it('is looked at, and completed, by any handler of the workflow', async () => {
    const stage = keyedStage({ kind: 'workflow', shared: true }, (ctx) => {
      const promise = ctx.promise('verified')
      return ctx.all([promise.peek(), promise.resolve('yes'), promise.reject('no')])
    })
    const reply = await stage.drive()
    const rejected = { code: 'promise-rejected', message: 'no', name: 'TerminalError' }
    expect(reply.entries).toEqual([
      { kind: 'promise-peek', op: 0, promise: ref },
      {
        kind: 'promise-complete',
        op: 1,
        promise: ref,
        result: { kind: 'value', value: { json: 'yes' } },
      },
      {
        kind: 'promise-complete',
        op: 2,
        promise: ref,
        result: { kind: 'failure', failure: rejected },
      },
    ])
    stage.complete(0)
    stage.complete(1, true)
    stage.complete(2, false)
    expect((await stage.drive()).status).toEqual(completed([undefined, true, false]))
  })

  it('rejects with a terminal error', async () => {
    const stage = keyedStage(workflow, (ctx) =>
      ctx
        .promise('verified')
        .get()
        .catch((error: unknown) => error instanceof TerminalError && [error.code, error.message]),
    )
    await stage.drive()
    stage.fail(0, { code: 'promise-rejected', message: 'no' })
    expect((await stage.drive()).status).toEqual(completed(['promise-rejected', 'no']))
  })

  it('names both sides when the code asks for another one on replay', async () => {
    let name = 'a'
    const stage = keyedStage(workflow, (ctx) => ctx.promise(name).get())
    await stage.drive()
    name = 'b'
    stage.complete(0, 1)
    expect((await stage.drive()).status).toMatchObject({
      kind: 'paused',
      failure: { message: expect.stringContaining('promise-get "a" of svc["k 1"]') },
    })
  })
})

describe('a restarted invocation', () => {
  const original = invocationIdFrom('svc', new Uint8Array(17).fill(9))
  const program: Program = async (ctx) => {
    const begun = [ctx.now(), ctx.random(), ctx.uuid()]
    const kept = ctx.send(peer).ask(1)
    const ran = await ctx.run('step', () => Math.random())
    const own = ctx.send(peer).ask(2)
    return { begun, ran, kept: kept.invocationId, own: own.invocationId, draw: ctx.random() }
  }

  /** Its first ops are kept of another one: written before `created`. */
  async function restarted(): Promise<{ stage: Stage; was: readonly Entry[] }> {
    const stage = new Stage(program)
    await stage.drive()
    const [created, , ...was] = stage.journal.entries
    if (created?.kind !== 'created') throw new Error('A journal begins with created')
    stage.journal.segments.length = 0
    stage.journal.news(stage.world.now, ...was.slice(0, 2))
    stage.world.skipTo(stage.world.now + 60_000)
    stage.journal.news(stage.world.now, {
      ...created,
      restartOf: { invocation: original, kept: { seed: invocation, at: 1_000 } },
    })
    return { stage, was }
  }

  it('goes on from the steps that are kept, at their time and with their chance', async () => {
    const { stage, was: before } = await restarted()
    const reply = await stage.drive()
    expect(kindsOf(reply.entries)).toEqual(['send 2'])
    const [was, is] = [outputOf(before.at(-1)), outputOf(stage.journal.entries.at(-1))]
    expect(is.begun).toEqual([1_000, ...was.begun.slice(1)])
    expect([is.ran, is.draw]).toEqual([was.ran, was.draw])
  })

  it('knows the children of what is kept by the other one’s ids, and its own by its own', async () => {
    const { stage } = await restarted()
    await stage.drive()
    const { kept, own } = outputOf(stage.journal.entries.at(-1))
    expect([kept, own]).toEqual([
      childInvocationId('peer', original, 0),
      childInvocationId('peer', invocation, 2),
    ])
  })
})

type Output = { begun: unknown[]; ran: number; draw: number; kept: string; own: string }

function outputOf(entry: Entry | undefined): Output {
  if (entry?.kind !== 'output' || entry.result.kind !== 'value') throw new Error('It has no output')
  return decodeValue(entry.result.value) as Output
}
