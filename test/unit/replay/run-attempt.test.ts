import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { runtimeOf } from '../../../lambda-runtime/src/definition.ts'
import { handle, service, TerminalError } from '../../../lambda-runtime/src/index.ts'
import { runAttempt } from '../../../lambda-runtime/src/replay/run-attempt.ts'
import { completed, kindsOf, listeningLog, Stage } from './support/stage.ts'

const mail = service('mail', { go: (_, input: number) => input })

describe('an attempt', () => {
  it('of a handler without ops answers its value and opens no journal', async () => {
    const stage: Stage = new Stage((_, input) => ({ got: input }), 'x')
    const reply = await stage.attempt()
    expect(reply).toMatchObject({ base: null, entries: [], status: completed({ got: 'x' }) })
    expect(stage.opened).toBe(0)
  })

  it('with one step gives its result back in the reply and opens no journal', async () => {
    const stage: Stage = new Stage((ctx) => ctx.run('charge', () => 42))
    const reply = await stage.attempt()
    expect(kindsOf(reply.entries)).toEqual(['run 0'])
    expect(reply.status).toEqual(completed(42))
    expect(stage.opened).toBe(0)
  })

  it('with ten steps in sequence appends nine times', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      let sum = 0
      for (let i = 0; i < 10; i += 1) sum += await ctx.run(`step ${i}`, () => i)
      return sum
    })
    const reply = await stage.drive()
    expect(reply.status).toEqual(completed(45))
    expect(stage.journal.appends).toBe(9)
    expect(reply.base).toBe(10)
    expect(kindsOf(reply.entries)).toEqual(['run 9'])
  })

  it('that awaits a sleep suspends, and goes on when it is over', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.sleep('1h')
      return 'awake'
    })
    const first = await stage.drive()
    expect(first.status).toEqual({ kind: 'suspended', waitingOn: { kind: 'op', op: 0 } })
    expect(first.entries).toEqual([{ kind: 'sleep', op: 0, wakeAt: stage.world.now + 3_600_000 }])
    stage.complete(0)
    const second = await stage.drive()
    expect(second.status).toEqual(completed('awake'))
    expect(kindsOf(second.entries)).toEqual(['seen 0'])
    expect(stage.opened).toBe(0)
  })

  it('completes a sleep that is over already by itself', async () => {
    const stage: Stage = new Stage((ctx) => ctx.sleep(0))
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed())
    expect(kindsOf(reply.entries)).toEqual(['sleep 0', 'completion 0', 'seen 0'])
  })

  it('leaves no timer behind', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.race([
        ctx.run('slow', () => stage.world.delay(60_000), { timeout: '2m' }),
        ctx.sleep('1s'),
      ])
      return 'done'
    })
    const before = stage.world.timers
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed('done'))
    expect(stage.world.timers - before).toBe(1) // the slow step's own
  })
})

/** Nothing can be done with it, not even be looked at. */
function untouchable(): object {
  const { proxy, revoke } = Proxy.revocable([], {})
  revoke()
  return proxy
}

describe('what a handler ends with', () => {
  it.each([
    ['a terminal error', new TerminalError('no', { status: 409 }), 'failed', 'terminal'],
    ['another error', new Error('later'), 'retry', 'handler-failed'],
    ['undefined', undefined, 'retry', 'handler-failed'],
  ])('%s is %s', async (_, thrown, kind, code) => {
    const stage: Stage = new Stage(() => {
      throw thrown
    })
    const { status } = await stage.attempt()
    expect(status).toMatchObject({ kind, failure: { code } })
  })

  it.each([
    ['what it threw', untouchable],
    ['a part of that', () => ({ errors: untouchable() })],
  ])('is a retry also when %s cannot be looked at', async (_, thrown) => {
    const stage: Stage = new Stage(() => {
      throw thrown()
    })
    const { status } = await stage.attempt()
    expect(status).toMatchObject({ kind: 'retry', failure: { code: 'handler-failed' } })
  })

  it('keeps what it threw small enough to be stored', async () => {
    const long = 'x'.repeat(400_000)
    const stage: Stage = new Stage(() => {
      throw new TerminalError(long, {
        code: long,
        cause: Object.assign(new Error(long), { code: long }),
      })
    })
    const reply = await stage.attempt()
    expect(reply.status.kind).toBe('failed')
    expect(JSON.stringify(reply).length).toBeLessThan(20_000)
  })

  it('fails for good when its value cannot be stored', async () => {
    const stage: Stage = new Stage(() => ({ deep: [() => 1] }))
    const { status } = await stage.attempt()
    expect(status).toMatchObject({ kind: 'failed', failure: { code: 'value-unstorable' } })
    expect(status).toMatchObject({ failure: { message: expect.stringContaining('$.deep[0]') } })
  })

  it('gives back what it did before it threw', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.run('a', () => 1)
      throw new Error('later')
    })
    const reply = await stage.attempt()
    expect(reply.status.kind).toBe('retry')
    expect(kindsOf(reply.entries)).toEqual(['run 0'])
  })

  it('carries out calls and sends that nobody awaits', async () => {
    const stage: Stage = new Stage((ctx) => {
      void ctx.call(mail).go(1)
      ctx.send(mail).go(2)
      return 'bye'
    })
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed('bye'))
    expect(kindsOf(reply.entries)).toEqual(['call 0', 'send 1'])
  })

  it('does not start steps that nobody awaits, and says so', async () => {
    let ran = false
    const log = listeningLog()
    const stage: Stage = new Stage((ctx) => {
      void ctx.run('late', () => {
        ran = true
      })
      return 'bye'
    })
    const reply = await stage.attempt({ logger: log })
    expect(reply).toMatchObject({ status: completed('bye'), entries: [] })
    expect(ran).toBe(false)
    expect(log.lines).toEqual([expect.stringContaining('late')])
  })
})

describe('the input', () => {
  const definitions = new Map([
    [
      'svc',
      runtimeOf(
        service('svc', {
          go: handle({ input: z.object({ n: z.coerce.number() }) }, (_, { n }) => n + 1),
        }),
      ),
    ],
  ])

  const runWith = (input: unknown) => {
    const stage: Stage = new Stage(() => undefined, input)
    stage.startEpoch()
    const deps = { host: stage.world.host(), journal: () => stage.journal }
    return stage.world.run(runAttempt(stage.request(), definitions, deps))
  }

  it('reaches the handler as the schema gives it out', async () => {
    const reply = await runWith({ n: '41' })
    expect(reply.status).toEqual(completed(42))
  })

  it('that does not fit its schema fails for good before the handler runs', async () => {
    const { status } = await runWith({ n: 'x' })
    expect(status).toMatchObject({
      kind: 'failed',
      failure: { code: 'input-invalid', status: 400 },
    })
  })
})

describe('a request that cannot be served', () => {
  it('is paused when the deployment has no such handler', async () => {
    const stage: Stage = new Stage(() => undefined)
    stage.startEpoch()
    const deps = { host: stage.world.host(), journal: () => stage.journal }
    const reply = await runAttempt(stage.request(), new Map(), deps)
    expect(reply.status).toMatchObject({ kind: 'paused', failure: { code: 'handler-not-found' } })
  })

  it('is paused when its journal does not say what was invoked', async () => {
    const stage: Stage = new Stage(() => undefined)
    stage.startEpoch()
    const reply = await stage.invoke({ ...stage.request(), journal: [] })
    expect(reply.status).toMatchObject({ kind: 'paused', failure: { code: 'journal-corrupt' } })
  })
})

describe('close to the deadline', () => {
  it('an attempt gives up between two steps, and the next goes on', async () => {
    const ran: string[] = []
    const stage: Stage = new Stage(async (ctx) => {
      for (const name of ['a', 'b', 'c']) {
        await ctx.run(name, async () => {
          ran.push(name)
          await stage.world.delay(4_000)
        })
      }
    })
    const first = await stage.drive({ lifeMs: 9_000 })
    expect(first.status).toEqual({ kind: 'suspended', waitingOn: { kind: 'all', of: [] } })
    const second = await stage.drive({ lifeMs: 9_000 })
    expect(second.status).toEqual(completed())
    expect(ran).toEqual(['a', 'b', 'c'])
  })

  it('an attempt that has come no further does not give up: the next would not either', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await stage.world.delay(600)
      ctx.awakeable()
      await stage.world.delay(350)
      return 'just in time'
    })
    const reply = await stage.attempt({ lifeMs: 1_000 })
    expect(reply.status).toEqual(completed('just in time'))
  })

  it('an announced step is started all the same: unstarted it would count as interrupted', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      await ctx.run('a', () => stage.world.delay(3_900))
      return ctx.run('once', () => 'did', { atMostOnce: true })
    })
    stage.journal.hooks.beforeAppend = () => stage.world.delay(200)
    const reply = await stage.attempt({ lifeMs: 5_000 })
    expect(reply.status).toEqual(completed('did'))
  })
})
