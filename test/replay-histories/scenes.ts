import { CancelledError, promiseName, service } from '../../lambda-runtime/src/index.ts'
import {
  type Entry,
  invocationIdFrom,
  type StateCell,
  type Value,
} from '../../lambda-runtime/src/protocol/index.ts'
import { encodeValue } from '../../lambda-runtime/src/values.ts'
import { cell, type KeyedProgram, type Setting } from '../unit/replay/support/stage.ts'
import type { World } from '../unit/replay/support/world.ts'

/** A handler with its surroundings. Like programs, scenes never change: a new one gets a new name. */
export type Scene = {
  readonly setting: Setting
  readonly make: (world: () => World) => KeyedProgram
  /** The state that is sent along, and the large values that are not: `<name> <slot>`. */
  readonly cells?: readonly StateCell[]
  readonly stored?: Readonly<Record<string, Value>>
  /** Before which attempt it is cancelled, counted from 0, in place of what it waits for. */
  readonly cancelBefore?: number
  /** What is kept of another invocation, that this one does again. */
  readonly kept?: readonly Entry[]
}

const payments = service('payments', { charge: (_, sum: number) => sum })
const other = invocationIdFrom({ service: 'peer', key: 'k/1' }, new Uint8Array(17).fill(3))
const verified = promiseName<string>('verified')
const exclusive: Setting = { kind: 'object' }

export const scenes: Readonly<Record<string, Scene>> = {
  'object-state': {
    setting: exclusive,
    cells: [cell('count', 41), cell('old', ['x']), { name: 'big', slot: 7, bytes: 90_000 }],
    stored: { 'big 7': encodeValue(new Map([['a', 1]])) },
    make: () => async (ctx) => {
      ctx.set('count', ((await ctx.get('count', 0)) as number) + 1)
      const step = await ctx.run('step', () => 'done')
      ctx.clear('old')
      const big = await ctx.get('big')
      await ctx.sleep('1h')
      const again = await ctx.get('big')
      const seen = [step, await ctx.get('count'), await ctx.get('old', 'gone'), big, again]
      ctx.clearAll()
      ctx.set('last', new Date(0))
      return { seen, keys: await ctx.keys(), key: ctx.key }
    },
  },

  'shared-state': {
    setting: { kind: 'object', shared: true },
    cells: [cell('count', 1), { name: 'big', slot: 7, bytes: 90_000 }],
    stored: { 'big 7': encodeValue('large') },
    make: () => async (ctx) => {
      const before = [await ctx.get('count'), await ctx.get('none', 'else'), await ctx.keys()]
      await ctx.run('step', () => 'done')
      await ctx.sleep('1h')
      return [before, await ctx.get('big')]
    },
  },

  'workflow-promises': {
    setting: { kind: 'workflow' },
    cells: [],
    make: () => async (ctx) => {
      const promise = ctx.promise(verified)
      ctx.set('state', 'waiting')
      const peeked = await promise.peek()
      const got = await promise.get().orTimeout('1d', 'never')
      const first = await ctx.promise('other').resolve({ n: 1n })
      return { peeked, got, first, again: await ctx.promise('other').reject('too late') }
    },
  },

  'signals-and-handles': {
    setting: { kind: 'service' },
    make: () => async (ctx) => {
      const first = await ctx.signal('paid')
      const sent = ctx.send(payments).charge(3)
      sent.signal('hurry', { now: true })
      ctx.invocation(other).cancel()
      const all = await ctx.all([ctx.signal('paid'), sent.attach(), ctx.invocation(other).attach()])
      const timely = await ctx.awakeable({ heartbeat: '30s' }).promise
      return { first, all, timely }
    },
  },

  'cancelled-with-compensation': {
    setting: { kind: 'service' },
    cancelBefore: 2,
    make: () => async (ctx) => {
      const undo: string[] = []
      try {
        await ctx.run('reserve', () => 'reserved')
        undo.push('release')
        await ctx.call(payments).charge(1)
        undo.push('refund')
        const timer = ctx.sleep('1d')
        await ctx.allSettled([ctx.signal('shipped'), ctx.call(payments).charge(2)])
        await timer
        return 'shipped'
      } catch (error) {
        const undone: string[] = []
        for (const name of undo.reverse()) undone.push(await ctx.run(name, () => `${name} done`))
        await ctx.sleep('1m')
        return { undone, cancelled: error instanceof CancelledError }
      }
    },
  },

  restarted: {
    setting: { kind: 'service' },
    kept: [
      {
        kind: 'send',
        op: 0,
        target: { service: 'payments', handler: 'charge' },
        input: { json: 1 },
      },
      {
        kind: 'run',
        op: 1,
        name: 'charge',
        result: { kind: 'value', value: { json: 'charged' } },
        at: 1_500_000_000_500,
        after: 2,
      },
    ],
    make: () => async (ctx) => {
      const begun = [ctx.now(), ctx.random(), ctx.uuid()]
      const kept = ctx.send(payments).charge(1)
      const charged = await ctx.run('charge', () => 'charged again')
      await ctx.sleep('1h')
      return {
        begun,
        charged,
        kept: kept.invocationId,
        own: ctx.send(payments).charge(2).invocationId,
      }
    },
  },
}
