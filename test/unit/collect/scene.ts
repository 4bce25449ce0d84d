import type { Collect, Entry, Value } from '@fermata/lambda-runtime/protocol'
import { completed, createWorld, scripted, type World } from '../engine/world.ts'

const address = 'arn:aws:lambda:eu-west-1:123456789012:function:f:1'

export type Got = {
  readonly id: string
  readonly input: Value
  readonly sends: number
  readonly at: number
}

export type Scene = {
  readonly world: World
  /** What the target was invoked with, once per attempt. */
  readonly got: Got[]
}

export type Send = {
  readonly json: number
  readonly collect: Collect
  readonly idempotencyKey?: string
}

/** `sender` sends what its input says, as many entries as there are; `target` notes what it gets. */
export function createScene(seed?: number): Scene {
  const world = createWorld(seed)
  const got: Got[] = []
  world.functions.set(
    address,
    scripted({
      sender: ({ journal }) => {
        const created = createdOf(journal)
        const sends = created !== undefined && 'json' in created.input ? created.input.json : []
        const entries = (sends as Send[]).map(
          ({ json, collect, idempotencyKey }, op): Entry => ({
            kind: 'send',
            op,
            target: { service: 'target', handler: 'process' },
            input: { json },
            collect,
            ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
          }),
        )
        return { entries, status: completed('sent') }
      },
      target: ({ journal, invocation }) => {
        const created = createdOf(journal)
        if (created?.origin.kind === 'collected') {
          const { sends } = created.origin
          got.push({ id: invocation, input: created.input, sends, at: world.clock.now() })
        }
        return { status: completed('got') }
      },
    }),
  )
  return { world, got }
}

function createdOf(journal: readonly { readonly entries: readonly Entry[] }[]) {
  return journal.flatMap(({ entries }) => entries).find((entry) => entry.kind === 'created')
}

export const batch = (maxSize: number, waitMs = 2_000, key?: string): Collect => ({
  how: 'batch',
  maxSize,
  waitMs,
  ...(key === undefined ? {} : { key }),
})
export const debounce = (waitMs: number, maxWaitMs?: number, key?: string): Collect => ({
  how: 'debounce',
  waitMs,
  ...(maxWaitMs === undefined ? {} : { maxWaitMs }),
  ...(key === undefined ? {} : { key }),
})

/** What was got, as numbers; each invocation once. */
export function numbersOf(got: readonly Got[]): number[] {
  const inputs = new Map(got.map(({ id, input }) => [id, input]))
  return [...inputs.values()].flatMap(numbersIn)
}

function numbersIn(value: Value): number[] {
  if ('list' in value) return value.list.flatMap(numbersIn)
  return 'json' in value ? [Number(value.json)] : []
}
