import { describe, expect, it } from 'vitest'
import { CancelledError, saga, service, TerminalError } from '../../../lambda-runtime/src/index.ts'
import { completed, type Program, Stage } from './support/stage.ts'

const bank = service('bank', { charge: (_, sum: number) => sum })

/** What was done and undone, outside. */
type Deeds = string[]

const stepsOf = (stage: Stage) =>
  stage.journal.entries.flatMap((entry) => (entry.kind === 'run' ? [entry.name] : []))

const trip =
  (deeds: Deeds, end: (stage: () => Stage) => Program, stage: () => Stage): Program =>
  (ctx, input) =>
    saga(ctx, async (steps) => {
      const flight = await steps.run('flight', () => deeds.push('flight'), {
        undo: (seat) => deeds.push(`no flight ${seat}`),
      })
      await steps.run('note', () => deeds.push('note'))
      await steps.run('hotel', () => deeds.push('hotel'), {
        undo: () => deeds.push('no hotel'),
      })
      steps.undo('mail', () => deeds.push('no mail'))
      await end(stage)(ctx, input)
      return flight
    })

function staged(end: (stage: () => Stage) => Program) {
  const deeds: Deeds = []
  const stage: Stage = new Stage(trip(deeds, end, () => stage))
  return { deeds, stage }
}

const done = ['flight', 'note', 'hotel']
const undone = [...done, 'no mail', 'no hotel', 'no flight 1']

describe('a saga', () => {
  it('answers what its body answers, and undoes nothing', async () => {
    const { deeds, stage } = staged(() => () => undefined)
    expect((await stage.drive()).status).toEqual(completed(1))
    expect(deeds).toEqual(done)
  })

  it('undoes its steps in reverse when it fails for good, each in a step', async () => {
    const { deeds, stage } = staged(() => () => {
      throw new TerminalError('sold out', { code: 'sold-out', status: 409 })
    })
    expect((await stage.drive()).status).toMatchObject({
      kind: 'failed',
      failure: { code: 'sold-out', status: 409, message: 'sold out' },
    })
    expect(deeds).toEqual(undone)
    expect(stepsOf(stage)).toEqual([...done, 'undo mail', 'undo hotel', 'undo flight'])
  })

  it('undoes nothing for an error that is tried again', async () => {
    const { deeds, stage } = staged(() => () => {
      throw new Error('a bug')
    })
    expect((await stage.drive()).status).toMatchObject({ kind: 'retry' })
    expect(deeds).toEqual(done)
  })

  it('undoes its steps when it is cancelled', async () => {
    const { deeds, stage } = staged(() => (ctx) => ctx.call(bank).charge(1))
    expect((await stage.drive()).status.kind).toBe('suspended')
    stage.journal.news(stage.world.now, { kind: 'cancel' })
    expect((await stage.drive()).status).toMatchObject({
      kind: 'failed',
      failure: { code: 'cancelled', name: 'CancelledError' },
    })
    expect(deeds).toEqual(undone)
  })

  it('does not undo again what was undone before a crash', async () => {
    const { deeds, stage } = staged(() => () => {
      throw new TerminalError('sold out')
    })
    stage.journal.hooks.beforeAppend = async ({ entries }) => {
      const isLast = entries.some((entry) => entry.kind === 'run' && entry.name === 'undo hotel')
      if (isLast) await new Promise(() => undefined) // the function dies
    }
    void stage.begin()
    await stage.world.settle()
    delete stage.journal.hooks.beforeAppend
    stage.startEpoch()
    expect((await stage.drive()).status).toMatchObject({ failure: { message: 'sold out' } })
    expect(deeds.filter((deed) => deed === 'no mail')).toHaveLength(1)
    expect(deeds.filter((deed) => deed === 'no hotel')).toHaveLength(2)
    expect(deeds.at(-1)).toBe('no flight 1')
  })

  it('waits for steps that still execute, undoes them too, and begins no more', async () => {
    const deeds: Deeds = []
    const stage: Stage = new Stage((ctx) =>
      saga(ctx, async (steps) => {
        const branch = async () => {
          await steps.run('slow', () => stage.world.delay(500), {
            undo: () => deeds.push('no slow'),
          })
          await steps.run('next', () => deeds.push('next'))
        }
        const fail = () =>
          steps.run('fails', () => {
            throw new TerminalError('no')
          })
        await Promise.all([branch(), fail()])
      }),
    )
    expect((await stage.drive()).status).toMatchObject({ failure: { message: 'no' } })
    expect(deeds).toEqual(['no slow'])
  })

  it('leaves a branch where it stands that nobody waits for any more', async () => {
    const deeds: Deeds = []
    const unhandled: unknown[] = []
    const listener = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', listener)
    const stage: Stage = new Stage((ctx) =>
      saga(ctx, async (steps) => {
        const branch = async () => {
          await ctx.run('slow', () => stage.world.delay(500))
          steps.undo('slow', () => deeds.push('no slow'))
          await steps.run('next', () => deeds.push('next'))
        }
        const other = branch()
        await steps.run('first', () => 1, { undo: () => stage.world.delay(1_000) })
        await steps.run('fails', () => {
          throw new TerminalError('no')
        })
        await other
      }),
    )
    const { status } = await stage.drive()
    await stage.world.settle()
    process.off('unhandledRejection', listener)
    expect(status).toMatchObject({ failure: { message: 'no' } })
    expect(unhandled).toEqual([])
    // What was done while other things were undone is undone as well.
    expect(deeds).toEqual(['no slow'])
  })

  it('counts what executed when it was cancelled', async () => {
    const deeds: Deeds = []
    const stage: Stage = new Stage((ctx) =>
      saga(ctx, async (steps) => {
        await steps.run('slow', () => stage.world.delay(2_000), {
          undo: () => deeds.push('no slow'),
        })
        await steps.run('next', () => deeds.push('next'))
      }),
    )
    const reply = stage.begin()
    await stage.world.pass(100)
    stage.journal.news(stage.world.now, { kind: 'cancel' })
    expect((await stage.world.run(reply)).status).toMatchObject({
      failure: { code: 'cancelled' },
    })
    expect(deeds).toEqual(['no slow'])
  })
})

describe('undoing', () => {
  const failing =
    (undo: (attempt: number) => unknown, undoOptions?: object): Program =>
    (ctx) =>
      saga(ctx, async (steps) => {
        await steps.run('first', () => 1, { undo: () => 1 })
        await steps.run('second', () => 2, {
          undo: (_, { attempt }) => undo(attempt),
          undoOptions: undoOptions ?? { retry: { initialDelay: 10 } },
        })
        throw new TerminalError('sold out')
      })

  it('is tried again by its policy', async () => {
    let tries = 0
    const stage = new Stage(
      failing(() => {
        tries += 1
        if (tries < 4) throw new Error('down')
      }),
    )
    expect((await stage.drive()).status).toMatchObject({ failure: { message: 'sold out' } })
    expect(tries).toBe(4)
  })

  it('goes on with the others when one fails for good, and says so', async () => {
    const program = failing(() => Promise.reject(new Error('down')), { retry: { maxAttempts: 2 } })
    const stage = new Stage(program)
    expect((await stage.drive()).status).toMatchObject({
      kind: 'failed',
      failure: {
        code: 'compensation-failed',
        message: '1 of the steps could not be undone, after: sold out',
        cause: { cause: { message: expect.stringContaining('down') } },
      },
    })
    expect(stepsOf(stage)).toContain('undo first')
  })

  it('is not stopped by a cancellation that comes meanwhile', async () => {
    let tries = 0
    const stage = new Stage(
      failing(
        () => {
          tries += 1
          if (tries === 1) throw new Error('down')
        },
        { retry: { initialDelay: '1h', maxDelay: '1h' } },
      ),
    )
    expect((await stage.drive()).status.kind).toBe('suspended')
    stage.journal.news(stage.world.now, { kind: 'cancel' })
    expect((await stage.drive()).status).toMatchObject({ failure: { message: 'sold out' } })
    expect(tries).toBe(2)
    expect(stepsOf(stage)).toContain('undo first')
  })

  it('that says that it was cancelled itself has failed: it is not done over and over', async () => {
    let undone = 0
    const stage = new Stage((ctx) =>
      saga(ctx, async (steps) => {
        await steps.run('first', () => 1, {
          undo: () => {
            undone += 1
            if (undone < 10) throw new CancelledError('the other one was cancelled')
          },
        })
        throw new TerminalError('sold out')
      }),
    )
    expect((await stage.drive()).status).toMatchObject({
      failure: { code: 'compensation-failed' },
    })
    expect(undone).toBe(2)
  })

  it('of a saga within a saga comes first', async () => {
    const deeds: Deeds = []
    const stage = new Stage((ctx) =>
      saga(ctx, async (outer) => {
        await outer.run('outer', () => 1, { undo: () => deeds.push('no outer') })
        await saga(ctx, async (inner) => {
          await inner.run('inner', () => 1, { undo: () => deeds.push('no inner') })
          throw new CancelledError()
        })
      }),
    )
    expect((await stage.drive()).status).toMatchObject({ failure: { code: 'cancelled' } })
    expect(deeds).toEqual(['no inner', 'no outer'])
  })
})
